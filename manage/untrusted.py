"""Files, JSON and answers that another user, another process or a person wrote: read within bounds, whatever they are.

Every read of such a file goes through `content` or `text`, every parse of JSON through `parse_json`. A pipe, a device,
a folder, a link, a file that is too large, and JSON that is nested too deeply are errors like a missing file.
"""

from __future__ import annotations

import errno
import json
import os
import socket
import stat
import time
from pathlib import Path
from typing import Any, NoReturn, TypeVar

N = TypeVar("N", int, float)
MAX_BYTES = 4 << 20
"""The largest file of an installation, `specs/`, receipts and reports included, has some hundred kilobytes."""
MAX_DEPTH = 64
MAX_NUMBER = 1e21
"""No figure of a machine or a chain is larger: 2^63 nanoseconds, bytes or sompi have 19 digits."""
_AT_ONCE = os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC


class Refused(OSError):
    """A file that is not read because of what it is; `strerror` says why, as the end of a sentence."""

    def __init__(self, path: Path, why: str) -> None:
        super().__init__(errno.EINVAL, why, str(path))


def content(path: Path, *, most: int = MAX_BYTES, links: bool = False) -> bytes:
    """The bytes of the regular file `path`, at most `most`. Never waits for anybody.

    `links` permits that the file itself is a symbolic link: only where nobody but root or the operator can write to
    the folder. Raises Refused, and OSError as `open` does.
    """
    descriptor = regular_file(path, links=links)
    try:
        size = os.fstat(descriptor).st_size
        if size > most:
            raise Refused(path, f"it has {size} bytes; at most {most} are read")
        return _read(descriptor, path, most)
    finally:
        os.close(descriptor)


def regular_file(path: Path, flags: int = os.O_RDONLY, *, links: bool = False) -> int:
    """A descriptor of the regular file `path`, which the caller closes. Never waits for anybody.

    `flags` as of `os.open`; a file that O_CREAT makes has the mode 0600. `links` as of `content`.
    Raises Refused, and OSError as `open` does.
    """
    try:
        descriptor = os.open(path, flags | _AT_ONCE | (0 if links else os.O_NOFOLLOW), 0o600)
    except OSError as error:
        if error.errno == errno.ELOOP and path.is_symlink():
            raise Refused(path, "it is a symbolic link") from error
        if error.errno == errno.ENXIO:
            raise Refused(path, "it is a socket or a pipe, not a regular file") from error
        if error.errno == errno.EISDIR:
            raise Refused(path, "it is a folder, not a regular file") from error
        raise
    mode = os.fstat(descriptor).st_mode
    if not stat.S_ISREG(mode):
        os.close(descriptor)
        raise Refused(path, f"it is a {_kind(mode)}, not a regular file")
    return descriptor


def text(path: Path, *, most: int = MAX_BYTES, links: bool = False) -> str:
    """The same as UTF-8 text with any line ends. Raises also UnicodeDecodeError, which is a ValueError."""
    return content(path, most=most, links=links).decode("utf-8").replace("\r\n", "\n").replace("\r", "\n")


def parse_json(data: bytes | str, *, most: int = MAX_BYTES, nan: bool = False) -> Any:
    """The value in `data`.

    Raises ValueError for what is not JSON, longer than `most` bytes or nested too deeply, and for a number beyond
    `MAX_NUMBER`, such as 1e400, which Python reads as infinity. `nan` permits all numbers, and NaN and Infinity, which
    are not JSON: for callers that check each number anyway.
    """
    if len(data) > most:
        raise ValueError(f"it has {len(data)} bytes; at most {most} are read")
    try:
        value = (
            json.loads(data) if nan else json.loads(data, parse_constant=_refuse, parse_int=_int, parse_float=_float)
        )
    except RecursionError:
        raise ValueError("it is nested too deeply") from None
    if _is_deep(value):
        raise ValueError("it is nested too deeply")
    return value


def receive(connection: socket.socket, most: int, timeout_s: float, *, until: bytes = b"", cut: bool = False) -> bytes:
    """What `connection` sends until it ends or until the bytes `until`, in at most `timeout_s` all together.

    A limit for each chunk alone would let a sender that trickles bytes go on for ever. Raises TimeoutError, and
    ValueError for more than `most` bytes; with `cut` it returns what has arrived instead.
    """
    deadline, found = time.monotonic() + timeout_s, bytearray()
    while True:
        try:
            chunk = received(connection, deadline)
        except TimeoutError:
            if cut:
                return bytes(found)
            raise
        start = max(0, len(found) - len(until) + 1)
        found += chunk
        if len(found) > most and cut:
            return bytes(found[:most])
        if len(found) > most:
            raise ValueError(f"more than {most} bytes were sent")
        if not chunk or (until and until in found[start:]):
            return bytes(found)


def received(connection: socket.socket, deadline: float) -> bytes:
    """The next bytes, b"" at the end. Raises TimeoutError from `deadline` on, also while bytes are there."""
    remaining_s = deadline - time.monotonic()
    if remaining_s <= 0:
        raise TimeoutError(errno.ETIMEDOUT, os.strerror(errno.ETIMEDOUT))
    connection.settimeout(remaining_s)
    return connection.recv(1 << 16)


def _read(descriptor: int, path: Path, most: int) -> bytes:
    """The rest of the file, which may grow meanwhile."""
    parts, total = [], 0
    while part := os.read(descriptor, min(1 << 20, most + 1 - total)):
        parts.append(part)
        total += len(part)
        if total > most:
            raise Refused(path, f"it has more than {most} bytes")
    return b"".join(parts)


def _kind(mode: int) -> str:
    if stat.S_ISDIR(mode):
        return "folder"
    if stat.S_ISFIFO(mode):
        return "pipe"
    return "device"


def _refuse(name: str) -> NoReturn:
    raise ValueError(f"{name} is not a number of JSON")


def _int(digits: str) -> int:
    return _ordinary(int(digits), digits)


def _float(digits: str) -> float:
    return _ordinary(float(digits), digits)


def _ordinary(value: N, digits: str) -> N:
    if not -MAX_NUMBER < value < MAX_NUMBER:
        raise ValueError(f"the number {digits:.30} is too large")
    return value


def _is_deep(value: Any) -> bool:
    level = [value]
    for _ in range(MAX_DEPTH):
        level = [
            child
            for entry in level
            if isinstance(entry, dict | list)
            for child in (entry.values() if isinstance(entry, dict) else entry)
            if isinstance(child, dict | list)
        ]
        if not level:
            return False
    return True
