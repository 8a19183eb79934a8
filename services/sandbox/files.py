"""Atomic writes of state files."""

from __future__ import annotations

from pathlib import Path


def replace(path: Path, text: str) -> None:
    """Write `text` next to `path`, then rename: neither a reader nor a crash sees a partial file."""
    beside = path.with_name(path.name + ".new")
    beside.write_text(text)
    beside.replace(path)
