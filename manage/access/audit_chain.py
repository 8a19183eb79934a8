"""The files of the audit log: a chain of JSON lines, each with its number and the SHA-256 of the line before it.

`audit.log` is rotated to `audit-<number of its last record>.log`; the oldest file goes when there are too many. The
agent and the host CLI append under one lock.
"""

from __future__ import annotations

import errno
import json
import os
from collections.abc import Mapping
from contextlib import AbstractContextManager
from hashlib import sha256
from pathlib import Path
from typing import Any

from manage import untrusted
from manage.access import locking

MOST_BYTES = 8 * 1024 * 1024
"""A file is rotated at this size."""
MOST_FILES = 12
"""Rotated ones; with the current one the log takes 104 MiB at most."""
MOST_OF_LINE = 64 * 1024
"""Holds several records: `manage.access.audit` keeps each one short."""


def append(path: Path, record: Mapping[str, Any]) -> None:
    """Append `record` to the log at `path`; it is on disk when this returns.

    Raises OSError, and then the file is as before.
    """
    with locked(path):
        _rotate(path)
        last, number = _tail(path)
        line = json.dumps({**record, "number": number + 1, "previous": digest(last)}).encode() + b"\n"
        descriptor = untrusted.regular_file(path, os.O_RDWR | os.O_APPEND | os.O_CREAT)
        try:
            size = os.fstat(descriptor).st_size
            if size and os.pread(descriptor, 1, size - 1) != b"\n":
                line = b"\n" + line  # a power cut left a line incomplete: it stays, chained like any other
            if os.write(descriptor, line) != len(line):
                os.ftruncate(descriptor, size)
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(path))
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def files(path: Path) -> tuple[Path, ...]:
    """The existing files of the log at `path`, oldest first."""
    rotated = sorted(path.parent.glob(f"{path.stem}-*{path.suffix}"))
    return (*rotated, path) if path.exists() else tuple(rotated)


def digest(line: bytes) -> str:
    """How the next record names `line`; "" for the first record, which has no line before it."""
    return sha256(line).hexdigest() if line else ""


def parsed(line: bytes) -> dict[str, Any]:
    """The record in `line`; {} if it is incomplete."""
    try:
        record = json.loads(line)
    except ValueError:
        return {}
    return record if isinstance(record, dict) else {}


def locked(path: Path) -> AbstractContextManager[None]:
    """Hold the log, so that nobody else appends to it or rotates it."""
    return locking.locked_file(path.with_suffix(".lock"))


def _tail(path: Path) -> tuple[bytes, int]:
    """The last line of the log, and the number of its last record; (b"", 0) if there is none."""
    last = b""
    for file in reversed(files(path)):
        with os.fdopen(untrusted.regular_file(file), "rb") as stream:
            stream.seek(max(0, stream.seek(0, os.SEEK_END) - MOST_OF_LINE))
            lines = stream.read().split(b"\n")
        if not lines[-1]:
            lines.pop()
        last = last or (lines[-1] if lines else b"")
        for line in reversed(lines):
            if number := int(parsed(line).get("number", 0)):
                return last, number
    return last, 0


def _rotate(path: Path) -> None:
    if not path.exists() or path.stat().st_size < MOST_BYTES:
        return
    path.rename(path.with_name(f"{path.stem}-{_tail(path)[1]:012}{path.suffix}"))
    for old in files(path)[:-MOST_FILES]:
        old.unlink()
