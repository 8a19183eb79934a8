"""Every file of an installation, damaged in every way: the command that reads it neither hangs nor crashes."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from manage.apply import secrets
from manage.cli import output
from manage.cli.main import main
from manage.errors import NodeyardError
from manage.health.watch import config as watch_config
from manage.images import lock as image_lock
from manage.installation import documents, identity, intent, owners
from manage.installation.layout import Layout
from tests.security.hostile_files import put
from tests.stage.deadlines import within
from tests.stage.owners import Paper


def doubled(number: int) -> bytes:
    """A line of YAML that stands for twice as much as the one before."""
    return b"b%d: &b%d [*b%d, *b%d]\n" % (number, number, number - 1, number - 1)


DAMAGES: Mapping[str, bytes] = {
    "empty": b"",
    "cut": b'{"version": 1, "id": "ab1',
    "binary": bytes(range(256)) * 16,
    "another type": b"[1, 2, 3]\n",
    "no version": b'{"id": "ab12cd34"}',
    "newer": b'{"version": 99, "id": "ab12cd34"}',
    "other fields": b'{"version": 1, "users": 7, "images": 7, "number": {}, "services": 7, "generations": 7}',
    "nested": b'{"version": 1, "x": ' + b"[" * 100_000 + b"]" * 100_000 + b"}",
    "nested YAML": b"version: 1\nname: " + b"[" * 300_000,
    "aliases": b"version: 1\nb0: &b0 [x, x]\n" + b"".join(map(doubled, range(1, 40))),
}
HOSTILE = ("pipe", "sparse", "folder")


@pytest.fixture
def layout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Layout:
    monkeypatch.setattr(output._Suggestions, "directory", "")  # each command sets it for its process
    layout = Layout(tmp_path / "nodeyard", Paper().owners())
    identity.create(layout)
    for folder in (layout.receipts_dir, layout.agent_dir, layout.watch_dir, layout.compose_dir):
        folder.mkdir(parents=True, exist_ok=True)
    return layout


def command(*arguments: str) -> Callable[[Layout], int]:
    """Runs `manage ARGUMENTS` in this process; returns its exit code."""

    def run(layout: Layout) -> int:
        with pytest.raises(SystemExit) as left:
            main([*arguments, "--dir", str(layout.dir)])
        return int(left.value.code or 0)

    return run


READERS: Mapping[str, tuple[Callable[[Layout], Path], Callable[[Layout], object]]] = {
    "stack.yml": (lambda layout: layout.stack_file, command("config", "show")),
    "receipt": (lambda layout: layout.receipts_dir / "000001.json", command("history")),
    "users.json": (lambda layout: layout.users_file, command("user", "list")),
    "snapshot.json": (lambda layout: layout.snapshot_file, command("status")),
    "installation.json": (lambda layout: layout.installation_file, identity.read),
    "secrets.json": (lambda layout: layout.secret_generations_file, secrets.generations),
    "images.json": (lambda layout: layout.image_lock_file, image_lock.read),
    "desired.json": (lambda layout: layout.desired_file, intent.is_up),
    "specs": (lambda layout: layout.specs_dir / "x.json", lambda layout: documents.read(layout.specs_dir / "x.json")),
    "watch.json": (
        lambda layout: layout.dir / "watch.json",
        lambda layout: watch_config.load(layout.dir / "watch.json", layout.dir),
    ),
}


@pytest.mark.promise("No state file, damaged in thirteen ways, makes a command hang or end in a traceback", runs="ci")
@pytest.mark.parametrize("damage", [*DAMAGES, *HOSTILE])
@pytest.mark.parametrize("file", READERS)
def test_a_damaged_state_file_hangs_and_crashes_nothing(
    layout: Layout, file: str, damage: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(owners, "of_this_process", lambda: Paper().owners())
    where, read = READERS[file]
    path = where(layout)
    if damage in HOSTILE:
        put(damage, path)
    else:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(DAMAGES[damage])
    try:
        within(20, lambda: read(layout))
        said = "".join(capsys.readouterr())
    except NodeyardError as error:
        said = error.message
    assert "Traceback" not in said
    assert "unexpectedly" not in said


@pytest.mark.parametrize("text", ["name: " + "[" * 300_000, "- " * 300_000, "name: " + "{a: " * 300_000])
def test_a_nested_stack_yml_crashes_no_process(layout: Layout, text: str) -> None:
    layout.stack_file.write_text(f"version: 1\n{text}")
    arguments = [sys.executable, "-m", "manage.cli.main", "config", "check", "--dir", str(layout.dir)]
    ended = subprocess.run(arguments, capture_output=True, text=True, timeout=60, check=False)
    assert ended.returncode == 1
    assert str(layout.stack_file) in ended.stderr
    assert "Traceback" not in ended.stderr


def test_a_nested_value_on_the_command_line_is_a_sentence(
    layout: Layout, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(owners, "of_this_process", lambda: Paper().owners())
    layout.stack_file.write_text("version: 1\nname: home\nnetwork: sandbox\nprofiles: [sandbox]\n")
    assert command("config", "set", "profiles", "[" * 100_000)(layout) == 64
    assert "unexpectedly" not in capsys.readouterr().err
