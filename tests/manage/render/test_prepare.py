"""The one-shot of the reference files: creates secrets once, gives every consumer its copy, changes nothing later."""

from __future__ import annotations

import hashlib
import hmac
import importlib.util
import json
import os
from pathlib import Path
from types import ModuleType

import pytest

from manage.installation.layout import CHECKOUT


@pytest.fixture
def prepare(tmp_path: Path) -> ModuleType:
    """The script as a module, its folders below a temporary one."""
    spec = importlib.util.spec_from_file_location("prepare", CHECKOUT / "templates/prepare/files/prepare.py")
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    uid = os.getuid()
    for folder in ("master", "bitcoind", "tracker", "data"):
        (tmp_path / folder).mkdir()
    plan = {
        "secrets": [
            {"service": "bitcoind", "uid": uid, "name": "bitcoind_rpcauth", "kind": "rpcauth"},
            {"service": "host", "uid": uid, "name": "bitcoind_rpc_host", "kind": "password"},
            {"service": "tracker", "uid": uid, "name": "tracker_token", "kind": "token"},
        ],
        "folders": [{"path": str(tmp_path / "data"), "uid": uid}],
    }
    (tmp_path / "prepare.json").write_text(json.dumps(plan))
    module.PLAN, module.MASTER, module.COPIES = tmp_path / "prepare.json", tmp_path / "master", tmp_path  # type: ignore[attr-defined]
    return module


def tree(folder: Path) -> dict[str, str]:
    return {str(path.relative_to(folder)): path.read_text() for path in folder.rglob("*") if path.is_file()}


def test_secrets_are_created_once_and_kept(prepare: ModuleType, tmp_path: Path) -> None:
    prepare.main()
    first = tree(tmp_path)
    prepare.main()
    assert tree(tmp_path) == first
    assert set(first) == {
        "prepare.json",
        "master/bitcoind_rpc_host",
        "master/tracker_token",
        "bitcoind/bitcoind_rpcauth",
        "tracker/tracker_token",
    }
    assert first["tracker/tracker_token"] == first["master/tracker_token"]
    assert (tmp_path / "tracker/tracker_token").stat().st_mode & 0o777 == 0o400


def test_bitcoinds_auth_line_is_the_salted_hash_of_the_users_password(prepare: ModuleType, tmp_path: Path) -> None:
    prepare.main()
    line = (tmp_path / "bitcoind/bitcoind_rpcauth").read_text().strip()
    user, _, salted = line.removeprefix("rpcauth=").partition(":")
    salt, _, digest = salted.partition("$")
    password = (tmp_path / "master/bitcoind_rpc_host").read_text()
    assert user == "host"
    assert digest == hmac.new(salt.encode(), password.encode(), hashlib.sha256).hexdigest()
    assert password not in line


@pytest.mark.root
def test_data_and_copies_of_an_earlier_version_move_to_the_present_ids(prepare: ModuleType, tmp_path: Path) -> None:
    prepare.main()
    before, now = 10014, 70014
    table = tmp_path / "data" / "base" / "table"
    table.parent.mkdir(mode=0o700)
    table.write_text("rows")
    copy = tmp_path / "tracker" / "tracker_token"
    secret = copy.read_text()
    for path in (tmp_path / "data", table.parent, table, copy):
        os.chown(path, before, before)
    plan = json.loads((tmp_path / "prepare.json").read_text())
    plan["folders"][0]["uid"] = plan["secrets"][2]["uid"] = now
    (tmp_path / "prepare.json").write_text(json.dumps(plan))
    prepare.main()
    for path in (tmp_path / "data", table.parent, table, copy):
        assert (path.stat().st_uid, path.stat().st_gid) == (now, now), path
    assert (table.read_text(), copy.read_text()) == ("rows", secret)
