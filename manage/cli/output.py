"""All output to the terminal: the only module that knows colours, symbols and widths."""

from __future__ import annotations

import json
import os
import shutil
import sys
import textwrap
from collections.abc import Sequence
from typing import Any, TextIO

GLYPHS = {
    "healthy": "●",
    "starting": "◌",
    "syncing": "◐",
    "waiting": "◷",
    "degraded": "▲",
    "down": "✕",
    "disabled": "–",
}
TONES = {
    "healthy": "32",
    "starting": "34",
    "syncing": "34",
    "waiting": "90",
    "degraded": "33",
    "down": "31",
    "disabled": "90",
    "error": "31",
    "soft": "90",
    "strong": "1",
}


def colourful(stream: TextIO) -> bool:
    """Whether to print colours and symbols: on a terminal, unless NO_COLOR is set."""
    return stream.isatty() and "NO_COLOR" not in os.environ and os.environ.get("TERM") != "dumb"


def tone(text: str, name: str, stream: TextIO | None = None) -> str:
    """`text` in the tone of a verdict (or error, soft, strong); plain text where colours are off."""
    return f"\033[{TONES[name]}m{text}\033[0m" if colourful(stream or sys.stdout) else text


def glyph(verdict: str, stream: TextIO | None = None) -> str:
    """The verdict's symbol and a space on a terminal, else "": the word is always printed too."""
    return f"{GLYPHS[verdict]} " if colourful(stream or sys.stdout) else ""


def say(text: str = "") -> None:
    """Print a line of the result (stdout)."""
    print(text)


def note(text: str) -> None:
    """Print a line about the progress (stderr), so that stdout holds only the result."""
    print(text, file=sys.stderr, flush=True)


def fail(message: str, hint: str) -> None:
    """Print an error: what happened, then what to do."""
    print(f"{tone('error:', 'error', sys.stderr)} {message}", file=sys.stderr)
    if hint:
        print(f"       {hint}", file=sys.stderr)


def emit(value: Any) -> None:
    """Print a result as one JSON document."""
    print(json.dumps(value, indent=2, ensure_ascii=False))


def width() -> int:
    """Width of the terminal in characters, 80 when piped."""
    return shutil.get_terminal_size((80, 24)).columns if sys.stdout.isatty() else 80


def table(rows: Sequence[Sequence[str]], *, indent: int = 2, tones: Sequence[Sequence[str]] = ()) -> None:
    """Print columns that fit the terminal (80 characters when piped); the last column wraps.

    `tones[row][column]` names a tone for a cell, "" for none.
    """
    if not rows:
        return
    columns = len(rows[0])
    widths = [max(len(row[column]) for row in rows) for column in range(columns - 1)]
    start = indent + sum(widths) + 2 * len(widths)
    for number, row in enumerate(rows):
        cells = [
            tone(cell.ljust(widths[column]), tones[number][column])
            if tones and tones[number][column]
            else cell.ljust(widths[column])
            for column, cell in enumerate(row[:-1])
        ]
        lines = textwrap.wrap(row[-1], max(20, width() - start), break_long_words=False, break_on_hyphens=False) or [""]
        print((" " * indent + "  ".join([*cells, lines[0]])).rstrip())
        for line in lines[1:]:
            print(" " * start + line)
