"""Whether the audit log is as it was written."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from manage import untrusted
from manage.access import audit_chain
from manage.errors import NodeyardError
from manage.immutable import dataclass

DAMAGED_HINT = "It is damaged: move it away. The next record begins a new file."


@dataclass(frozen=True)
class Verified:
    """What the chain holds. Who can write the files can also write a whole new chain, so note `hash` elsewhere."""

    records: int
    first: int
    """Number of the oldest record; more than 1 after the oldest file was removed."""
    last: int
    hash: str
    """SHA-256 of the last line, "" for an empty log."""
    unnumbered: int
    """Lines of before the log was chained, and lines that a power cut left incomplete."""


def verify(path: Path, known: str = "") -> Verified:
    """Walk the log at `path`. Raises NodeyardError at the first line that does not follow from the one before it.

    `known`: the hash of a record, noted earlier, that the log must still contain.
    """
    with audit_chain.locked(path):
        return _walk(path, known)


def _walk(path: Path, known: str) -> Verified:
    records = first = last = unnumbered = 0
    before, found = "", not known
    complete = len(audit_chain.files(path)) <= audit_chain.MOST_FILES
    for file, at, line in _lines(path):
        record = audit_chain.parsed(line)
        number = record.get("number", 0)
        if not number:
            unnumbered += 1  # the next record names its hash, so none can be added later
        elif not _follows(record, number, last, before, complete=complete):
            raise NodeyardError(
                f"Line {at} of {file} does not follow from the line before it: a record was changed, added or removed.",
                f"Compare it with a copy of the log. The last good record is number {last}.",
            )
        else:
            records, first, last = records + 1, first or number, number
        before = audit_chain.digest(line)
        found = found or before == known
    if not found:
        raise NodeyardError(
            f"No record of {path} has the hash {known}.",
            "The log was cut off or replaced after that hash was noted, or the record is older than the oldest file.",
        )
    return Verified(records, first, last, before, unnumbered)


def _follows(record: Mapping[str, Any], number: int, last: int, before: str, *, complete: bool) -> bool:
    """Whether a record may stand here; `complete`: no older file was removed, so the first record has number 1."""
    if not last and not complete:
        return True
    return number == last + 1 and record.get("previous") == before


def _lines(path: Path) -> Iterator[tuple[Path, int, bytes]]:
    for file in audit_chain.files(path):
        with os.fdopen(_opened(file), "rb") as stream:
            for at, line in enumerate(iter(partial(stream.readline, audit_chain.MOST_OF_LINE), b""), 1):
                if len(line) == audit_chain.MOST_OF_LINE:
                    raise NodeyardError(f"Line {at} of {file} is too long to be a record.", DAMAGED_HINT)
                yield file, at, line.rstrip(b"\n")


def _opened(file: Path) -> int:
    try:
        return untrusted.regular_file(file)
    except OSError as error:
        raise NodeyardError(f"{file} cannot be read: {error.strerror}.", DAMAGED_HINT) from error
