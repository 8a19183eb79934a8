"""State on disk: whole or not at all."""

from __future__ import annotations

from pathlib import Path


def replace(path: Path, text: str) -> None:
    """Write `text` beside `path` and rename it there, so that a reader or a crash never meets half a file."""
    beside = path.with_name(path.name + ".new")
    beside.write_text(text)
    beside.replace(path)
