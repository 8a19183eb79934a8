"""A generated document as files of the checkout: which are out of date, and how they are written."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from manage.immutable import dataclass


@dataclass(frozen=True)
class Document:
    """One generated document: a file, or a folder that holds generated files only."""

    path: str
    """Below the checkout. A folder ends with a slash."""
    make: Callable[[], Mapping[str, bytes]]
    """Returns the content by path below the checkout."""


def page(path: str, make: Callable[[], str]) -> Document:
    """A document of one text file."""
    return Document(path, lambda: {path: make().encode()})


def outdated(checkout: Path, document: Document, made: Mapping[str, bytes]) -> dict[str, bytes | None]:
    """The files that differ from `made`, with their new content; None for a file that must go."""
    present: set[str] = set()
    if document.path.endswith("/"):
        folder = checkout / document.path
        present = {str(path.relative_to(checkout)) for path in folder.rglob("*") if path.is_file()}
    changed: dict[str, bytes | None] = {}
    for path in sorted({*made, *present}):
        file = checkout / path
        if path not in made:
            changed[path] = None
        elif not file.is_file() or file.read_bytes() != made[path]:
            changed[path] = made[path]
    return changed


def write(checkout: Path, changed: Mapping[str, bytes | None]) -> None:
    for path, content in changed.items():
        file = checkout / path
        if content is None:
            file.unlink()
        else:
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(content)
