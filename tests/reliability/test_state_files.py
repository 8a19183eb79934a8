"""Every file that `Layout` names, damaged in eight ways: whoever reads it says so in a sentence, at once.

Which command reads which file is not written down here: each reader runs once on a whole installation while Python
reports the files that it opens. So a new file of `Layout`, and a new reader of an old one, are covered at once.
"""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from manage.access import keys, passwords, revocations
from manage.agent.dispatch import Peer
from manage.apply import chain_folders, secrets, volume_images
from manage.cli import output
from manage.cli.main import main
from manage.engine import hashes
from manage.errors import NodeyardError
from manage.health.watch import config as watch_config
from manage.health.watch import engine_report
from manage.health.watch.history_thread import HistoryThread
from manage.installation import identity, intent, owners
from manage.installation.layout import Layout
from tests.stage import agents, whole
from tests.stage.damages import KINDS, damage
from tests.stage.deadlines import within
from tests.stage.engines import Engine, answer
from tests.stage.owners import Paper

IN_TIME_S = 20.0
COMMANDS: Mapping[str, tuple[str, ...]] = {
    " ".join(words): words
    for words in (
        ("status",),
        ("why", "tracker"),
        ("history",),
        ("config", "show"),
        ("urls",),
        ("plan",),
        ("down",),
        ("images", "list"),
        ("secrets", "list"),
        ("secrets", "show", "tracker_token"),
        ("user", "list"),
        ("user", "reset", "vera"),
        ("audit", "verify"),
    )
}
MAY_WRITE = ("agent", "run/agent", "run/desired.json", "watch", "engine")
"""What the readers below write while nothing is damaged."""


def command(words: tuple[str, ...]) -> Callable[[Layout], None]:
    """Runs `manage WORDS` in this process."""

    def run(layout: Layout) -> None:
        with pytest.raises(SystemExit) as left:
            main([*words, "--dir", str(layout.dir)])
        assert left.value.code in (0, 1, 10, 64, None), left.value.code

    return run


def agent(layout: Layout) -> None:
    """Start the agent, sign in, ask who is there, begin to set up a second factor."""
    started = agents.start(layout, {os.getuid(): Peer("dashboard")}, time.time)
    try:
        token = started.signed_in("ada")
        started.client.call("whoami", token=token)
        started.client.call("start_enrolment", token=token, password=agents.PASSWORD)
    finally:
        started.close()


def watch(layout: Layout) -> None:
    """Read what watch reads at its start."""

    async def history() -> None:
        thread = HistoryThread(layout.history_file)
        await thread.open()
        await thread.close()

    asyncio.run(history())
    engine_report.read(layout.engine_file, time.time(), 10.0)
    watch_config.load(layout.watch_list_file, layout.dir)


def apply(layout: Layout) -> None:
    """What only a change reads, which needs a real engine."""
    volume_images.opened(layout)
    chain_folders.known(layout)
    hashes.read(layout, ["services: {}"])
    identity.record_layout_version(layout)
    intent.is_up(layout)
    for name in secrets.generations(layout):
        secrets.value(layout, name)


def dashboard(layout: Layout) -> None:
    """Check a session as the dashboard does."""
    keys.read_public(layout.session_public_file)
    revocations.read(layout.revocations_file)


READERS: Mapping[str, Callable[[Layout], None]] = {
    **{name: command(words) for name, words in COMMANDS.items()},
    "the agent": agent,
    "watch": watch,
    "a change": apply,
    "the dashboard": dashboard,
}


@pytest.fixture(scope="module")
def pristine(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a whole installation, which no test changes."""
    folder = tmp_path_factory.mktemp("pristine")
    whole.fill(Layout(folder / "nodeyard", Paper().owners()), agents.three_users(_folder(folder / "users")))
    return folder / "nodeyard"


def _folder(path: Path) -> Layout:
    path.mkdir()
    return agents.folders(Layout(path))


@pytest.fixture
def fresh(pristine: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[], Layout]]:
    """Makes a copy of the installation; an engine without containers answers."""
    paper = Paper().owners()
    monkeypatch.setattr(owners, "of_this_process", lambda: paper)
    monkeypatch.setattr(output._Suggestions, "directory", "")  # each command sets it for its process
    monkeypatch.setattr(passwords, "matches", lambda *_, **__: True)  # hashing is slow on purpose
    monkeypatch.setattr(passwords, "hash_password", lambda _: "$argon2id$")
    engine = Engine(tmp_path / "engine.sock", _empty_engine)
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/engine.sock")

    def copy() -> Layout:
        folder = tmp_path / "nodeyard"
        shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(pristine, folder, symlinks=True)
        return Layout(folder, paper)

    yield copy
    engine.close()


def _empty_engine(target: str) -> list[bytes]:
    """No container, network or volume; every image is there."""
    path = target.partition("?")[0]
    body: Any = (
        {"Volumes": []} if path.endswith("/volumes") else {"MemoryLimit": True} if path.endswith("/info") else []
    )
    return [answer(json.dumps(body).encode())]


class Opened:
    """The files that this process opens, replaces and removes, as Python reports them. The hook stays, switched off."""

    def __init__(self) -> None:
        self.paths: set[str] | None = None
        sys.addaudithook(self._note)

    def _note(self, event: str, arguments: tuple[object, ...]) -> None:
        if self.paths is not None and event in ("open", "sqlite3.connect", "os.remove", "os.rename"):
            self.paths.update(map(str, arguments[:2]))

    def by(self, call: Callable[[], object]) -> set[str]:
        self.paths = set()
        try:
            call()
        finally:
            found, self.paths = self.paths, None
        return found


@pytest.fixture(scope="module")
def opened() -> Opened:
    return Opened()


READ: dict[str, set[str]] = {}
"""Reader -> the files that it opens, by property of Layout."""


@pytest.fixture
def read_by(fresh: Callable[[], Layout], opened: Opened, capsys: pytest.CaptureFixture[str]) -> Mapping[str, set[str]]:
    if not READ:
        for name, reader in READERS.items():
            layout = fresh()
            paths = opened.by(partial(reader, layout))
            READ[name] = {file for file, path in whole.files(layout).items() if str(path) in paths}
            assert "unexpectedly" not in "".join(capsys.readouterr()), name
    return READ


def files() -> list[str]:
    return sorted(whole.names())


def test_every_file_is_there_and_somebody_reads_it(
    fresh: Callable[[], Layout], read_by: Mapping[str, set[str]]
) -> None:
    missing = [name for name, path in whole.files(fresh()).items() if not path.is_file()]
    assert missing == [], "tests/stage/whole.py has to make it"
    assert set(files()) - set().union(*read_by.values()) == set()


@pytest.mark.promise(
    "No state file, damaged in eight ways, makes a reader of it hang or crash, or damages another file", runs="ci"
)
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("file", files())
def test_a_damaged_file_is_a_sentence_and_damages_no_other(
    fresh: Callable[[], Layout],
    read_by: Mapping[str, set[str]],
    capsys: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
    file: str,
    kind: str,
) -> None:
    for name in [name for name, found in read_by.items() if file in found]:
        layout = fresh()
        path = whole.files(layout)[file]
        damage(kind, path)
        before = contents(layout, path)
        try:
            within(IN_TIME_S, partial(READERS[name], layout))
            said = ""
        except NodeyardError as error:
            said = error.message
        said += "".join(capsys.readouterr()) + caplog.text
        assert not [word for word in ("Traceback", "unexpectedly", "The agent failed.") if word in said], (name, said)
        assert changed(before, contents(layout, path)) == [], name


def contents(layout: Layout, damaged: Path) -> dict[str, bytes]:
    """The other files; of those that readers write anyway only whether they are whole."""
    found = {}
    for path in sorted(layout.dir.rglob("*")):
        name = str(path.relative_to(layout.dir))
        if path.is_file() and path != damaged and not name.startswith(("watch/history", "log/")):
            found[name] = path.read_bytes()
    return found


def changed(before: Mapping[str, bytes], after: Mapping[str, bytes]) -> list[str]:
    return [name for name in before if not _is_same(name, before[name], after.get(name))]


def _is_same(name: str, before: bytes, after: bytes | None) -> bool:
    if name in ("lock", "agent/first-password"):  # emptied by a change, removed at the first sign-in
        return True
    if not name.startswith(MAY_WRITE) or after is None:
        return before == after
    return not before.startswith(b"{") or name.endswith(".log") or "version" in json.loads(after)
