"""What a process may put where another one expects a file: each kind as a function that makes it."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable, Mapping
from pathlib import Path

SPARSE_BYTES = 700 << 20


def pipe(path: Path) -> None:
    os.mkfifo(path)


def link(path: Path) -> None:
    target = path.with_name("elsewhere")
    target.write_text('{"version": 1}')
    path.symlink_to(target)


def link_to_device(path: Path) -> None:
    path.symlink_to("/dev/zero")


def sparse(path: Path) -> None:
    with path.open("wb") as file:
        file.truncate(SPARSE_BYTES)


def folder(path: Path) -> None:
    path.mkdir()


def unix_socket(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(os.path.relpath(path))  # a path of a socket has at most 107 bytes


def nested(path: Path) -> None:
    path.write_text('{"version": 1, "x": ' + "[" * 100_000 + "]" * 100_000 + "}")


def nested_below_the_limit_of_python(path: Path) -> None:
    path.write_text('{"version": 1, "x": ' + "[" * 300 + "]" * 300 + "}")


KINDS: Mapping[str, Callable[[Path], None]] = {
    "pipe": pipe,
    "link": link,
    "link to a device": link_to_device,
    "sparse": sparse,
    "folder": folder,
    "socket": unix_socket,
    "nested": nested,
    "nested a little": nested_below_the_limit_of_python,
}


def put(kind: str, path: Path) -> None:
    """Make `path` one of `KINDS`; what is there is removed."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.unlink(missing_ok=True)
    KINDS[kind](path)
