"""docs/proof.md: each row marked `ci` is run as written and must print what it promises."""

from __future__ import annotations

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


def test_there_are_rows_and_each_says_where_it_runs() -> None:
    assert len(rows()) > 20
    for row in rows():
        if row.where.startswith("not provable here"):
            assert len(row.where) > len("not provable here: "), f"{row.promise}: say why"
        else:
            assert row.command, row.promise
            assert row.expected, row.promise


@pytest.mark.parametrize("row", [row for row in rows() if row.where == "ci"], ids=lambda row: row.promise[:60])
def test_a_ci_row_shows_what_it_promises(row: Row) -> None:
    argv = shlex.split(row.command)
    if argv[0] in ("pytest", "python", "manage"):
        argv[0] = str(CHECKOUT / ".venv" / "bin" / argv[0])
    done = subprocess.run(
        argv, cwd=CHECKOUT, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=900, check=False
    )
    printed = done.stdout + done.stderr
    assert re.search(row.expected, printed), f"{row.command} ended with {done.returncode}:\n{printed[-3000:]}"
