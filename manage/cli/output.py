"""All output to the terminal: the only module that knows colours, symbols and widths.

Nobody may read it: a pipe that was closed drops the rest, and the command finishes its work.
What containers, files and labels say passes through here too, so only `tone` sends control characters to a terminal.
"""

from __future__ import annotations

import io
import json
import os
import re
import sys
from collections.abc import Sequence
from typing import Any, TextIO

from manage import words
from manage.commands import with_directory

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
    return f"{_marked(TONES[name])}{text}{_marked('0')}" if colourful(stream or sys.stdout) else text


def glyph(verdict: str, stream: TextIO | None = None) -> str:
    """The verdict's symbol and a space on a terminal, else "": the word is always printed too."""
    return f"{GLYPHS[verdict]} " if colourful(stream or sys.stdout) else ""


_OURS = os.urandom(8).hex()
"""Marks our own colours until the text is printed; nobody else can know it."""
_MARK = re.compile(rf"<{_OURS}:([0-9]+)>")


def _marked(code: str) -> str:
    return f"<{_OURS}:{code}>"


def _shown(text: str) -> str:
    """`text` as it is printed: no control characters but line breaks, tabs and our own colours."""
    return _MARK.sub(r"\033[\1m", words.plain(text))


class _Suggestions:
    """The folder that commands in a text must name, "" for the default folder."""

    directory = ""


def suggest_for(directory: str) -> None:
    """From now on, `manage up` in a text becomes `manage --dir DIR up`; with directory "" it stays."""
    _Suggestions.directory = directory


def _suggesting(text: str) -> str:
    return with_directory(text, _Suggestions.directory)


def _print(text: str, stream: TextIO, dropped: type[OSError] = BrokenPipeError) -> bool:
    """Print a line; False if that failed as `dropped` says. Then the stream leads nowhere from now on."""
    try:
        print(_shown(text), file=stream, flush=True)
    except dropped:
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, stream.fileno())
        os.close(nowhere)
        return False
    return True


def accept_any_text() -> None:
    """From now on, a character that the terminal's encoding lacks is printed as its number; it stops no command."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def say(text: str = "") -> None:
    """Print a line of the result (stdout)."""
    _print(_suggesting(text), sys.stdout)


def verbatim(text: str) -> bool:
    """Print text that is not ours, without suggestions (stdout); False if nobody reads any more."""
    return _print(text, sys.stdout)


def note(text: str) -> None:
    """Print a line about the progress (stderr), so that stdout holds only the result. No failure stops the work."""
    _print(_suggesting(text), sys.stderr, OSError)


def fail(message: str, hint: str) -> None:
    """Print an error: what happened, then what to do."""
    note(f"{tone('error:', 'error', sys.stderr)} {message}")
    if hint:
        note(f"       {hint}")


def emit(value: Any) -> None:
    """Print a result as one JSON document."""
    text = json.dumps(value, indent=2, ensure_ascii=False)
    verbatim(words.CONTROL.sub(lambda found: f"\\u{ord(found[0]):04x}", text))


def width() -> int:
    """Width of the terminal in characters, 80 when piped."""
    if not sys.stdout.isatty():
        return 80
    import shutil

    return shutil.get_terminal_size((80, 24)).columns


def table(rows: Sequence[Sequence[str]], *, indent: int = 2, tones: Sequence[Sequence[str]] = ()) -> None:
    """Print columns that fit the terminal (80 characters when piped); the last column wraps.

    `tones[row][column]` names a tone for a cell, "" for none.
    """
    if not rows:
        return
    import textwrap  # most commands print no table

    rows = [[_suggesting(cell) for cell in row] for row in rows]
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
        verbatim((" " * indent + "  ".join([*cells, lines[0]])).rstrip())
        for line in lines[1:]:
            verbatim(" " * start + line)
