"""`manage user` and `manage audit`: each change of a user is in the audit log, with the person behind it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click
import pytest

from manage.access import devices, users
from manage.cli.user import command
from manage.errors import EXIT_FAILED, EXIT_USAGE
from manage.installation.layout import Layout
from tests.manage.cli.conftest import Manage

READS = {"list"}


def audit(layout: Layout) -> list[dict[str, Any]]:
    return [json.loads(line) for line in layout.audit_file.read_text().splitlines()]


@pytest.fixture
def ada(layout: Layout) -> None:
    users.add(layout, "ada", "admin", "twelve tall trees")
    users.add(layout, "bob", "admin", "twelve tall trees")


@pytest.mark.promise("Every change of a user is in the audit log, with the person's name and address", runs="ci")
def test_every_change_of_a_user_is_audited(
    manage: Manage, layout: Layout, ada: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SUDO_USER", "jo")
    monkeypatch.setenv("SSH_CONNECTION", "192.0.2.7 51234 192.0.2.1 22")
    (tmp_path / "password").write_text("twelve tall trees")
    calls = {
        "add": ["ann", "--role", "viewer", "--password-file", str(tmp_path / "password")],
        "reset": ["ada"],
        "code": ["ada"],
        "remove": ["bob"],
    }
    assert isinstance(command, click.Group)
    assert set(command.commands) == calls.keys() | READS, "a new verb needs a record and a line here"
    for verb, arguments in calls.items():
        done = manage("--dir", str(layout.dir), "user", verb, *arguments)
        assert done.code == 0, done.err
        last = audit(layout)[-1]
        assert (last["verb"], last["args"]["name"], last["result"]) == (f"user {verb}", arguments[0], "ok")
        assert (last["who"], last["address"]) == ("jo@host", "192.0.2.7")
        for word in done.out.split():
            assert len(word) < 15 or word not in layout.audit_file.read_text(), "no password and no code"


def test_a_refusal_is_audited_too(manage: Manage, layout: Layout) -> None:
    users.add(layout, "ada", "admin", "twelve tall trees")
    assert manage("--dir", str(layout.dir), "user", "remove", "ada").code == EXIT_FAILED
    last = audit(layout)[-1]
    assert (last["verb"], last["result"]) == ("user remove", "refused")
    assert last["reason"] == "ada is the last admin and cannot be removed."


def test_a_code_is_good_for_a_device(manage: Manage, layout: Layout, ada: None) -> None:
    done = manage("--dir", str(layout.dir), "user", "code", "ada")
    code = done.out.removeprefix("Code for ada: ").strip()
    now = layout.devices_file.stat().st_mtime
    assert devices.find(layout, "ada", code, now)
    assert devices.find(layout, "bob", code, now) is None


def test_verify_prints_the_hash_that_can_be_asked_for_later(manage: Manage, layout: Layout, ada: None) -> None:
    where = ["--dir", str(layout.dir)]
    assert "The audit log has no records yet." in manage(*where, "audit", "verify").out
    manage(*where, "user", "code", "ada")
    said = manage(*where, "audit", "verify").out
    assert "Records 1 to 1 are as they were written." in said
    noted = json.loads(manage(*where, "audit", "verify", "--json").out)["hash"]
    assert noted in said
    manage(*where, "user", "remove", "bob")
    assert manage(*where, "audit", "verify", "--known", noted).code == 0
    layout.audit_file.write_text("")
    refused = manage(*where, "audit", "verify", "--known", noted)
    assert (refused.code, f"has the hash {noted}" in refused.err) == (EXIT_FAILED, True)


@pytest.mark.parametrize("known", ["zzz", "3f1c", "", "g" * 64, "a" * 65])
def test_what_is_no_hash_raises_no_alarm(manage: Manage, layout: Layout, ada: None, known: str) -> None:
    refused = manage("--dir", str(layout.dir), "audit", "verify", "--known", known)
    assert (refused.code, "a hash has 64 hexadecimal digits" in refused.err) == (EXIT_USAGE, True)
    assert "cut off" not in refused.err


def test_verify_names_the_line_of_a_forgery(manage: Manage, layout: Layout, ada: None) -> None:
    for _ in range(2):
        manage("--dir", str(layout.dir), "user", "code", "ada")
    layout.audit_file.write_text(layout.audit_file.read_text().replace('"ada"', '"bob"', 1))
    refused = manage("--dir", str(layout.dir), "audit", "verify")
    assert refused.code == EXIT_FAILED
    assert f"Line 2 of {layout.audit_file} does not follow" in refused.err
