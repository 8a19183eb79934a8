"""A caller's umask and locale change neither what is written nor whether a command ends."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from manage.apply import files
from manage.installation import folders, identity
from manage.installation.layout import CHECKOUT, Layout
from tests.manage.plan.conftest import stack_of
from tests.security.test_fetched_code import Host, host  # noqa: F401 - a fixture
from tests.stage.owners import Paper

UMASKS = [0o077, 0o027]
LOCALES = [
    {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
    {"LC_ALL": "C"},
    {"LANG": "de_DE.ISO-8859-1"},
    {"LC_ALL": "C.UTF-8", "PYTHONIOENCODING": "ascii"},
    {"LC_ALL": "C.UTF-8", "PYTHONIOENCODING": "latin-1"},
]


@pytest.fixture(params=UMASKS, ids=oct)
def umask(request: pytest.FixtureRequest) -> Iterator[int]:
    before = os.umask(request.param)
    yield request.param
    os.umask(before)


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def run_manage(*arguments: str, **environment: str) -> subprocess.CompletedProcess[bytes]:
    """`manage ARGUMENTS` in a process of its own, as the launcher starts it."""
    argv = [sys.executable, "-P", "-m", "manage.cli.main", *arguments]
    settings = {"PATH": os.environ["PATH"], "PYTHONPATH": f"{CHECKOUT}:{CHECKOUT / 'services'}", **environment}
    return subprocess.run(argv, env=settings, cwd="/", stdin=subprocess.DEVNULL, capture_output=True, check=False)


@pytest.mark.promise("What services of other uids read is readable to them, whatever root's umask is", runs="ci")
def test_the_files_of_services_are_readable_whatever_the_umask(umask: int, tmp_path: Path) -> None:
    layout = Layout(tmp_path / "nodeyard", Paper().owners())
    identity.create(layout)
    stack = stack_of("profiles: [sandbox]\n")
    spec = stack.service("proxy")
    files._config_files(layout.files_dir / "proxy-1", spec)
    assert mode(layout.files_dir / "proxy-1") == 0o755
    assert {mode(path) for path in (layout.files_dir / "proxy-1").iterdir()} <= {0o644, 0o755}
    assert {path: mode(path) for path, *_ in folders.expected(layout)} == {
        path: wanted for path, wanted, *_ in folders.expected(layout)
    }


def test_a_folder_that_an_earlier_umask_closed_is_opened(umask: int, tmp_path: Path) -> None:
    folder = tmp_path / "proxy-1"
    folder.mkdir()
    assert mode(folder) != 0o755
    files._config_files(folder, stack_of("profiles: [sandbox]\n").service("proxy"))
    assert mode(folder) == 0o755


def test_the_folders_above_a_chain_folder_can_be_passed(umask: int, tmp_path: Path) -> None:
    text = f"profiles: [bitcoin]\nnetwork: private\nstorage: {{chain_dirs: {{bitcoind: {tmp_path}/mnt/ssd/btc}}}}\n"
    files._bind_folders(Paper().owners(), stack_of(text).service("bitcoind"), ())
    assert [mode(tmp_path / name) for name in ("mnt", "mnt/ssd", "mnt/ssd/btc")] == [0o755, 0o755, 0o700]


@pytest.mark.promise("A command writes with the same modes whatever the caller's umask is", runs="ci")
def test_a_command_sets_its_own_umask(umask: int, tmp_path: Path) -> None:
    layout = Layout(tmp_path / "nodeyard")
    layout.services_dir.mkdir(parents=True)
    done = run_manage("services", "new", "clock", "--dir", str(layout.dir))
    written = list(layout.services_dir.rglob("*"))
    assert written, done.stderr
    assert {mode(path) for path in written if path.is_file()} == {0o644}
    assert {mode(path) for path in written if path.is_dir()} == {0o755}


def test_fetched_code_is_for_every_user_of_the_machine(umask: int, host: Host) -> None:  # noqa: F811
    done = host.install("--source", host.url("nodeyard.tar.gz"), "--sha256", host.sum)
    assert done.returncode == 0, done.stdout
    assert mode(host.code) == 0o755


@pytest.mark.promise("Every command runs in a locale without UTF-8, and JSON stays JSON", runs="ci")
@pytest.mark.parametrize("environment", LOCALES, ids=lambda names: " ".join(f"{k}={v}" for k, v in names.items()))
def test_a_command_speaks_in_any_locale(environment: dict[str, str], tmp_path: Path) -> None:
    layout = Layout(tmp_path / "Größe €", Paper().owners())
    identity.create(layout)
    layout.stack_file.write_text("version: 1\nname: Größe\nprofiles: [sandbox]\n# → € …\n", encoding="utf-8")
    shown = run_manage("config", "show", "--json", "--dir", str(layout.dir), **environment)
    assert shown.returncode == 0, shown.stderr
    assert "Gr" in str(json.loads(shown.stdout.decode("latin-1").replace("\\x", "\\\\x")))
    for arguments in (["--help"], ["profiles"], ["config", "explain"], ["why", "nobody", "--dir", str(layout.dir)]):
        done = run_manage(*arguments, **environment)
        assert b"Traceback" not in done.stderr
        assert b"UnicodeEncodeError" not in done.stderr
        assert b"bug in Nodeyard" not in done.stderr
