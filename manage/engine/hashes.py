"""Compose's hashes of the desired services, saved by the last `up`.

They depend only on the text and the program, and running compose is the slowest part of a plan with nothing to do.
"""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

from manage.engine import compose_cli
from manage.errors import NodeyardError
from manage.installation import documents
from manage.installation.layout import Layout

Hashes = Mapping[str, str]
"""Service -> hash."""

_answered: dict[str, Hashes] = {}
"""Compose's answers in this process by key, so that a command that plans again under the lock does not run it again."""


@contextlib.contextmanager
def lookup(layout: Layout, texts: Sequence[str]) -> Iterator[Callable[[], Hashes]]:
    """Yield a function that returns the hashes of the compose files `texts`: the saved ones, else compose's.

    Compose starts when the block is entered and runs in parallel. The function raises NodeyardError for a file that
    compose rejects.
    """
    saved = read(layout, texts)
    if saved is not None:
        yield lambda: saved
        return
    key = _key(texts)
    if key in _answered:
        yield lambda: _answered[key]
        return
    hashing = compose_cli.HashingProcess(texts, layout.dir)

    def answer() -> Hashes:
        _answered[key] = hashing.result()
        return _answered[key]

    try:
        yield answer
    finally:
        hashing.close()


def read(layout: Layout, texts: Sequence[str]) -> Hashes | None:
    """The hashes saved for exactly these texts and this program; None if there are none."""
    try:
        document = documents.read(layout.compose_hashes_file)
        with documents.require_shape(layout.compose_hashes_file):
            return dict(document["hashes"]) if document["of"] == _key(texts) else None
    except (FileNotFoundError, NodeyardError):
        return None  # compose can compute them again


def save(layout: Layout, texts: Sequence[str], hashes: Hashes) -> None:
    """Save `hashes`, compose's of `texts`, in place of earlier ones."""
    if read(layout, texts) != hashes:
        documents.write(layout.compose_hashes_file, {"of": _key(texts), "hashes": dict(hashes)})


def _key(texts: Sequence[str]) -> str:
    """sha256 hex over the texts and the compose program's path, size and time."""
    program = Path(compose_cli.binary()[0])
    found = program.stat()
    parts = [*texts, str(program), str(found.st_size), str(found.st_mtime_ns)]
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()
