"""Compose's hashes of the desired services, kept from the last `up`.

They follow from the text and the program alone, and asking for them is the larger part of a plan with nothing to do.
"""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

from manage.engine import compose
from manage.errors import NodeyardError
from manage.installation import documents
from manage.installation.layout import Layout

Hashes = Mapping[str, str]
"""Service -> hash."""


@contextlib.contextmanager
def of(layout: Layout, texts: Sequence[str]) -> Iterator[Callable[[], Hashes]]:
    """Gives a function that tells the hashes of the compose files `texts`: those kept, else compose's, which begins
    to work when the block is entered. NodeyardError, from that function, for what compose does not accept."""
    kept = read(layout, texts)
    if kept is not None:
        yield lambda: kept
        return
    hashing = compose.Hashing(texts, layout.dir)
    try:
        yield hashing.result
    finally:
        hashing.end()


def read(layout: Layout, texts: Sequence[str]) -> Hashes | None:
    """The hashes kept for exactly these texts and this program; None when there are none."""
    try:
        document = documents.read(layout.compose_hashes_file)
        with documents.shaped(layout.compose_hashes_file):
            return dict(document["hashes"]) if document["of"] == _key(texts) else None
    except (FileNotFoundError, NodeyardError):
        return None  # they can always be had again


def keep(layout: Layout, texts: Sequence[str], hashes: Hashes) -> None:
    """Keep `hashes`, compose's of `texts`, in place of those kept before."""
    if read(layout, texts) != hashes:
        documents.write(layout.compose_hashes_file, {"of": _key(texts), "hashes": dict(hashes)})


def _key(texts: Sequence[str]) -> str:
    """sha256 hex over the texts and what tells one compose program from another."""
    program = Path(compose.binary()[0])
    found = program.stat()
    parts = [*texts, str(program), str(found.st_size), str(found.st_mtime_ns)]
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()
