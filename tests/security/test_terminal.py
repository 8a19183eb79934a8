"""What containers, files and labels say never controls the terminal of the person who runs `manage`."""

from __future__ import annotations

import json
import logging
import os
import pty
import re
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from manage import words
from manage.cli import debug_log, output
from manage.errors import NodeyardError
from manage.health import snapshot as snapshots
from manage.health.model import Fact, ServiceStatus, Snapshot
from manage.installation.layout import Layout

HOSTILE = "ok\x1b[2J\x1b]0;owned\x07\x9b31m\r\x00\u202e\ud800 end"
CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\ud800-\udfff]")


@pytest.mark.promise("Control characters in what a container says reach no terminal", runs="ci")
def test_nothing_that_is_printed_holds_control_characters(capsys: pytest.CaptureFixture[str]) -> None:
    output.say(HOSTILE)
    output.verbatim(HOSTILE)
    output.note(HOSTILE)
    output.fail(HOSTILE, HOSTILE)
    output.table([(HOSTILE, HOSTILE), ("a", "b")])
    printed = "".join(capsys.readouterr())
    assert not CONTROL.search(printed)
    assert printed.count("ok") == printed.count("end") == 7


def test_json_keeps_every_character_and_prints_none_of_them(capsys: pytest.CaptureFixture[str]) -> None:
    output.emit({HOSTILE: HOSTILE})
    printed = capsys.readouterr().out
    assert not CONTROL.search(printed)
    assert json.loads(printed) == {HOSTILE: HOSTILE}


def test_text_keeps_its_lines_tabs_and_letters_and_loses_colours() -> None:
    assert words.plain("a\tb\n\x1b[1;31mred\x1b[0m ● 92\u202f481 é 漢") == "a\tb\nred ● 92\u202f481 é 漢"


def snapshot() -> Snapshot:
    status = ServiceStatus(
        f"kaspad{HOSTILE}", HOSTILE, "nodes", "down", HOSTILE, 1.0, (), (Fact("fault", HOSTILE, 1.0),), {},
        log=((1.0, HOSTILE),), headline=HOSTILE, answered_at=1.0, engine_at=1.0,
    )  # fmt: skip
    return Snapshot(1, 1, 1.0, "home", "sandbox", HOSTILE, HOSTILE, (status,), {})


def printed_on_a_terminal(arguments: list[str], environment: Mapping[str, str]) -> bytes:
    """What `manage ARGUMENTS` writes to a terminal."""
    ours, theirs = pty.openpty()
    with open(ours, "rb", buffering=0) as screen:  # noqa: PTH123 - a descriptor
        child = subprocess.Popen(
            [sys.executable, "-m", "manage.cli.main", *arguments], stdout=theirs, stderr=theirs, stdin=theirs,
            env={**os.environ, **environment},
        )  # fmt: skip
        os.close(theirs)
        found = b""
        while True:
            try:
                part = screen.read(4096)
            except OSError:  # EIO: the other end is closed
                break
            found += part
        child.wait(10)
    return found


def test_status_of_a_compromised_watch_has_our_colours_and_nothing_else(tmp_path: Path) -> None:
    layout = Layout(tmp_path)
    layout.watch_dir.mkdir()
    layout.installation_file.write_text('{"version": 1, "id": "ab12cd34", "project": "nodeyard-ab12cd34"}')
    text = json.dumps(snapshots.as_json(snapshot()))
    layout.snapshot_file.write_text(text)
    screen = printed_on_a_terminal(["status", "--dir", str(tmp_path)], {"TERM": "xterm", "NO_COLOR": ""})
    colourful = printed_on_a_terminal(["status", "--dir", str(tmp_path)], {"TERM": "xterm"})
    assert b"kaspad" in screen
    assert b"\x1b" not in screen
    assert set(re.findall(rb"\x1b[^m]*m?", colourful)) <= {b"\x1b[0m"} | {
        b"\x1b[%sm" % code.encode() for code in output.TONES.values()
    }
    assert b"\x1b[" in colourful, "our own colours are there"


def test_a_container_cannot_print_our_mark_of_a_colour(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(output, "colourful", lambda _stream: True)
    ours = output.tone("fine", "healthy")
    assert output._shown(ours) == "\x1b[32mfine\x1b[0m"
    assert output._shown("\x1b[32mfine\x1b[0m") == "fine"


def test_debug_output_of_other_programs_is_plain(capsys: pytest.CaptureFixture[str]) -> None:
    root = logging.getLogger()
    before, level = list(root.handlers), root.level
    root.handlers.clear()
    try:
        debug_log.show()
        logging.getLogger("manage.engine.compose_cli").debug("exit 1\n%s", HOSTILE)
    finally:
        root.handlers[:] = before
        root.setLevel(level)
    assert not CONTROL.search(capsys.readouterr().err)


def test_an_error_with_a_foreign_name_is_plain(capsys: pytest.CaptureFixture[str]) -> None:
    error = NodeyardError(f"The container {HOSTILE} is not ours.", "Remove it.")
    output.fail(error.message, error.hint)
    assert not CONTROL.search(capsys.readouterr().err)
