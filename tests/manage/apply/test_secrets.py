from __future__ import annotations

import hashlib
import hmac
import json
import os
import stat
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from manage.apply import rpcauth, secrets
from manage.errors import NodeyardError
from manage.installation import identity
from manage.installation.layout import CHECKOUT, Layout
from manage.render.model import SecretUse
from tests.stage.owners import Paper

AS_NOBODY = """
import os, sys
from pathlib import Path
from manage.apply import secrets
from manage.errors import NodeyardError
from manage.installation.layout import Layout
if os.geteuid() == 0:
    os.setgid(65534)
    os.setuid(65534)
layout = Layout(Path(sys.argv[1]))
print(secrets.generations(layout))
try:
    secrets.value(layout, "tracker_token")
except NodeyardError as error:
    print(error.message, error.hint)
"""
TOKEN = SecretUse("tracker", 70014, "tracker_token", "token")
DATABASE = SecretUse("timescaledb", 70010, "tracker_db_password", "password")
TRACKER = SecretUse("tracker", 70014, "tracker_db_password", "password")
WATCH = SecretUse("watch", 70021, "bitcoind_rpc_watch", "password")
ORACLE = SecretUse("oracle", 70015, "bitcoind_rpc_oracle", "password")
HOST = SecretUse("host", 0, "bitcoind_rpc_host", "password")
LINES = SecretUse("bitcoind", 70012, "bitcoind_rpcauth", "rpcauth", {"watch": WATCH.name, "host": HOST.name})
LINES_WITH_ORACLE = replace(LINES, sources={**LINES.sources, "oracle": ORACLE.name})


@pytest.fixture
def paper() -> Paper:
    return Paper()


@pytest.fixture
def layout(tmp_path: Path, paper: Paper) -> Layout:
    made = Layout(tmp_path / "nodeyard", paper.owners())
    identity.create(made)
    return made


def copy(layout: Layout, use: SecretUse, generation: int = 1) -> Path:
    return layout.secret_copies_dir / use.service / f"{use.name}_g{generation}"


def test_what_is_planned_is_what_is_made(layout: Layout) -> None:
    uses = (TOKEN, DATABASE, TRACKER, WATCH, HOST, LINES)
    planned = secrets.planned(layout, uses)
    assert not layout.secret_generations_file.exists()
    assert secrets.ensure(layout, uses) == planned == dict.fromkeys((use.name for use in uses), 1)
    assert secrets.generations(layout) == planned


@pytest.mark.promise("A secret has one copy per consumer, readable by it alone", runs="ci")
def test_every_consumer_has_a_copy_that_it_alone_can_read(layout: Layout, paper: Paper) -> None:
    secrets.ensure(layout, (DATABASE, TRACKER))
    texts = set()
    for use in (DATABASE, TRACKER):
        path = copy(layout, use)
        assert (stat.S_IMODE(path.stat().st_mode), paper.uid(path), paper.gid(path)) == (0o400, use.uid, use.uid)
        texts.add(copy(layout, use).read_text())
    assert texts == {secrets.value(layout, "tracker_db_password")}
    master = layout.secrets_dir / "tracker_db_password_g1"
    assert stat.S_IMODE(master.stat().st_mode) == 0o600


@pytest.mark.root
def test_a_copy_belongs_to_its_consumer_and_the_master_to_root(tmp_path: Path) -> None:
    layout = Layout(tmp_path / "nodeyard")
    identity.create(layout)
    secrets.ensure(layout, (TRACKER,))
    found, master = copy(layout, TRACKER).stat(), (layout.secrets_dir / "tracker_db_password_g1").stat()
    assert (stat.S_IMODE(found.st_mode), found.st_uid) == (0o400, TRACKER.uid)
    assert (stat.S_IMODE(master.st_mode), master.st_uid) == (0o600, 0)


def test_secrets_of_the_host_have_no_copy(layout: Layout) -> None:
    secrets.ensure(layout, (HOST,))
    assert list(layout.secret_copies_dir.iterdir()) == []
    assert len(secrets.value(layout, "bitcoind_rpc_host")) == 32


def test_a_secret_that_is_there_stays(layout: Layout) -> None:
    secrets.ensure(layout, (TOKEN,))
    before = secrets.value(layout, TOKEN.name)
    assert secrets.ensure(layout, (TOKEN, DATABASE))[TOKEN.name] == 1
    assert secrets.value(layout, TOKEN.name) == before


def test_a_lost_master_is_taken_back_from_a_copy(layout: Layout) -> None:
    secrets.ensure(layout, (TOKEN,))
    before = secrets.value(layout, TOKEN.name)
    (layout.secrets_dir / "tracker_token_g1").unlink()
    assert secrets.planned(layout, (TOKEN,)) == {TOKEN.name: 1}
    secrets.ensure(layout, (TOKEN,))
    assert secrets.value(layout, TOKEN.name) == before


def test_a_secret_lost_with_all_copies_gets_a_new_generation_and_that_is_said(layout: Layout) -> None:
    secrets.ensure(layout, (TOKEN,))
    (layout.secrets_dir / "tracker_token_g1").unlink()
    copy(layout, TOKEN).unlink()
    with pytest.raises(NodeyardError, match="The secret tracker_token is lost"):
        secrets.value(layout, TOKEN.name)
    told: list[Any] = []
    assert secrets.ensure(layout, (TOKEN,), told.append) == {TOKEN.name: 2}
    assert [event.text for event in told] == [
        "The secret tracker_token was lost; a new one is generated (generation 2)."
    ]
    assert copy(layout, TOKEN, 2).exists()


def test_a_lost_record_is_made_again_from_what_lies_there(layout: Layout) -> None:
    secrets.ensure(layout, (TOKEN,))
    before = secrets.value(layout, TOKEN.name)
    layout.secret_generations_file.unlink()
    assert secrets.ensure(layout, (TOKEN,)) == {TOKEN.name: 1}
    assert secrets.value(layout, TOKEN.name) == before


def test_a_damaged_copy_is_put_right(layout: Layout, paper: Paper) -> None:
    secrets.ensure(layout, (TOKEN,))
    copy(layout, TOKEN).chmod(0o600)
    copy(layout, TOKEN).write_text("something else")
    copy(layout, TOKEN).chmod(0o400)
    paper.give(copy(layout, TOKEN), 0, 0)
    secrets.ensure(layout, (TOKEN,))
    assert copy(layout, TOKEN).read_text() == secrets.value(layout, TOKEN.name)
    assert paper.uid(copy(layout, TOKEN)) == TOKEN.uid


@pytest.mark.parametrize("damage", ["empty", "folder", "binary"])
def test_a_secret_that_cannot_be_read_is_a_sentence_with_its_path(layout: Layout, damage: str) -> None:
    secrets.ensure(layout, (TOKEN,))
    master = layout.secrets_dir / "tracker_token_g1"
    master.unlink()
    if damage == "folder":
        master.mkdir()
    else:
        master.write_bytes(b"" if damage == "empty" else b"\xff\xfe")
    for read in (lambda: secrets.value(layout, TOKEN.name), lambda: secrets.ensure(layout, (TOKEN,))):
        with pytest.raises(
            NodeyardError, match=r"tracker_token_g1 (cannot be read|is empty).*secrets/tracker_token_g1"
        ):
            read()


def test_another_user_reads_no_secret_and_is_told_so(layout: Layout) -> None:
    secrets.ensure(layout, (TOKEN,))
    for folder in (layout.dir, *list(layout.dir.parents)[:3]):
        folder.chmod(0o755)
    if os.geteuid() != 0:  # nobody else to become: this user loses the right instead
        layout.secrets_dir.chmod(0)
    ran = subprocess.run(
        [sys.executable, "-c", AS_NOBODY, str(layout.dir)], capture_output=True, text=True, check=True, cwd=CHECKOUT
    )
    assert ran.stdout.startswith("{'tracker_token': 1}\nThe secret tracker_token_g1 cannot be read: Permission denied")
    assert "Run it as root" in ran.stdout


def test_an_unknown_secret_is_answered_with_those_that_exist(layout: Layout) -> None:
    secrets.ensure(layout, (TOKEN,))
    with pytest.raises(NodeyardError) as refused:
        secrets.value(layout, "tracker_tokens")
    assert refused.value.hint == "There are: tracker_token."


def test_a_line_of_rpcauth_is_the_salted_hash_that_bitcoind_computes() -> None:
    line = rpcauth.line("watch", "swordfish", "00ff")
    expected = hmac.new(b"00ff", b"swordfish", hashlib.sha256).hexdigest()
    assert line == f"rpcauth=watch:00ff${expected}"


def test_rpcauth_has_a_line_for_every_rpc_user_and_no_password(layout: Layout) -> None:
    secrets.ensure(layout, (WATCH, HOST, LINES, TOKEN))
    lines = copy(layout, LINES).read_text().splitlines()
    assert [line.split(":")[0] for line in lines] == ["rpcauth=host", "rpcauth=watch"]
    for line, name in zip(lines, ("bitcoind_rpc_host", "bitcoind_rpc_watch"), strict=True):
        user, _, rest = line.removeprefix("rpcauth=").partition(":")
        salt, _, digest = rest.partition("$")
        password = secrets.value(layout, name)
        assert password not in line
        assert rpcauth.line(user, password, salt) == f"rpcauth={user}:{salt}${digest}"
        assert len(salt) == 32


def test_another_rpc_user_is_a_new_generation_of_the_lines_alone(layout: Layout) -> None:
    first = secrets.ensure(layout, (WATCH, HOST, LINES))
    again = secrets.planned(layout, (WATCH, HOST, LINES))
    more = secrets.planned(layout, (WATCH, HOST, ORACLE, LINES_WITH_ORACLE))
    assert again == first
    assert more == {**first, ORACLE.name: 1, LINES.name: 2}
    secrets.ensure(layout, (WATCH, HOST, ORACLE, LINES_WITH_ORACLE))
    assert "rpcauth=oracle:" in copy(layout, LINES, 2).read_text()
    assert "oracle" not in copy(layout, LINES, 1).read_text(), "the old generation stays for a rollback"


def test_the_record_holds_no_value(layout: Layout) -> None:
    secrets.ensure(layout, (TOKEN, WATCH, HOST, LINES))
    text = layout.secret_generations_file.read_text()
    assert json.loads(text)["version"] == 1
    assert secrets.value(layout, TOKEN.name) not in text
