"""Output: hints that reach this installation, and readers that go away."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from manage.cli import output
from manage.installation.layout import Layout
from tests.manage.cli.conftest import Manage

WORK = """
import sys, pathlib
from manage.cli import output
for _ in range(3):
    output.note("step")
    output.say("line")
    output.emit({})
    output.table([("a", "b")])
output.fail("message", "hint")
pathlib.Path(sys.argv[1]).write_text("done")
sys.exit(10)
"""


@pytest.mark.promise("A command whose output nobody reads any more finishes its work, with its exit code", runs="ci")
@pytest.mark.parametrize("closed", ["stdout", "stderr", "both"])
def test_a_closed_pipe_drops_the_output_and_not_the_work(tmp_path: Path, closed: str) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    streams = {name: writer for name in ("stdout", "stderr") if closed in (name, "both")}
    with (tmp_path / "other").open("w", encoding="utf-8") as other:
        run = subprocess.run(
            [sys.executable, "-c", WORK, str(tmp_path / "done")],
            stdout=streams.get("stdout", other),
            stderr=streams.get("stderr", other),
            check=False,
        )
    os.close(writer)
    assert run.returncode == 10
    assert (tmp_path / "done").read_text() == "done"
    assert "Broken" not in (tmp_path / "other").read_text()


def test_a_result_that_cannot_be_written_is_an_error_and_progress_is_not() -> None:
    with Path("/dev/full").open("w", encoding="utf-8") as full:
        program = [sys.executable, "-c", "from manage.cli import output; output.say('x')"]
        assert subprocess.run(program, stdout=full, stderr=subprocess.DEVNULL, check=False).returncode != 0
        program[-1] = "from manage.cli import output; output.note('x')"
        assert subprocess.run(program, stderr=full, check=False).returncode == 0


@pytest.mark.promise("A command in a hint names the installation's folder, unless it is the default one", runs="ci")
@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Start it with: manage up", "Start it with: manage --dir /srv/x up"),
        ("See manage logs a and manage why a.", "See manage --dir /srv/x logs a and manage --dir /srv/x why a."),
        ("`manage config unset a`", "`manage --dir /srv/x config unset a`"),
        ("Create another: manage init --dir DIR", "Create another: manage init --dir DIR"),
        (
            "Create one with manage init, or name it with --dir.",
            "Create one with manage --dir /srv/x init, or name it with --dir.",
        ),
        ("written by a newer manage; this manage reads 1", "written by a newer manage; this manage reads 1"),
    ],
)
def test_a_hint_names_the_folder(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, text: str, shown: str
) -> None:
    monkeypatch.setattr(output, "_Suggestions", type("Suggestions", (output._Suggestions,), {}))
    output.suggest_for("/srv/x")
    output.say(text)
    output.note(text)
    output.fail(text, text)
    output.table([(text,)], indent=0)
    printed = capsys.readouterr()
    assert printed.out.split() == f"{shown} {shown}".split()
    assert printed.err.splitlines() == [shown, f"error: {shown}", f"       {shown}"]
    output.verbatim(text)
    assert capsys.readouterr().out == f"{text}\n"
    output.suggest_for("")
    output.say(text)
    assert capsys.readouterr().out == f"{text}\n"


def test_the_hints_of_a_command_name_its_folder(manage: Manage, layout: Layout) -> None:
    folder = str(layout.dir)
    assert f"manage --dir {folder} plan" in manage("config", "set", "name", "shed", "--dir", folder).out
    assert f"manage --dir {folder} services check" in manage("services", "new", "shop", "--dir", folder).out
    assert f"manage --dir {folder} up" in manage("--dir", folder, "status").err
    assert f"manage --dir {folder} init" in manage("plan", "--dir", f"{folder}/nowhere").err.replace("/nowhere", "")
