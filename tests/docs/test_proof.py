"""docs/proof.md: each row marked `ci` is run as written and must print what it promises.

`tests/run` has run whole folders by then; what they printed lies in the folder that NODEYARD_TEST_RECORD names, one
file a command, so that nothing runs twice. Without it, the command runs here.
"""

from __future__ import annotations

import functools
import os
import re
import shlex
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).resolve().parents[2]
WHERE = {"ci", "long", "real", "not provable here"}


@dataclass(frozen=True)
class Row:
    promise: str
    command: str
    expected: str
    where: str


def rows() -> list[Row]:
    """The rows of every table in docs/proof.md."""
    found = []
    for line in (CHECKOUT / "docs" / "proof.md").read_text(encoding="utf-8").splitlines():
        cells = [cell.strip() for cell in re.split(r"(?<!\\)\|", line.strip().strip("|"))]
        if len(cells) == 4 and cells[3].split(":")[0] in WHERE:
            found.append(Row(cells[0], cells[1].strip("`"), cells[2].strip("`"), cells[3]))
    return found


@functools.cache
def printed(command: str) -> str:
    """What a command printed: in this run of `tests/run` already, or now. It must end with 0."""
    record = os.environ.get("NODEYARD_TEST_RECORD")
    if record:
        file = Path(record) / re.sub(r"\W+", "-", command).strip("-")
        if file.exists():
            return file.read_text(encoding="utf-8")
    argv = shlex.split(command)
    if argv[0] in ("pytest", "python", "manage"):
        argv[0] = str(CHECKOUT / ".venv" / "bin" / argv[0])
    environment = {**os.environ, "PYTEST_ADDOPTS": "-m ''"}  # tests marked root and engine, too
    done = subprocess.run(
        argv, cwd=CHECKOUT, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, f"{command} ended with {done.returncode}:\n{(done.stdout + done.stderr)[-3000:]}"
    return done.stdout + done.stderr


def test_there_are_rows_and_each_says_where_it_runs() -> None:
    assert len(rows()) > 20
    for row in rows():
        if row.where.startswith("not provable here"):
            assert len(row.where) > len("not provable here: "), f"{row.promise}: say why"
        else:
            assert row.command, row.promise
            assert row.expected, row.promise


@pytest.mark.engine  # the commands of most rows need it
@pytest.mark.parametrize("row", [row for row in rows() if row.where == "ci"], ids=lambda row: row.promise)
def test_a_ci_row_shows_what_it_promises(row: Row) -> None:
    assert re.search(row.expected, printed(row.command)), f"{row.command} did not print {row.expected}"
