"""A file that another process replaces, read again only when it was replaced."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Generic, TypeVar

T = TypeVar("T")


class CachedFile(Generic[T]):
    """`read()` costs one stat while the file stays the same. What `load` raises is passed on and not kept."""

    def __init__(self, path: Path, load: Callable[[], T]) -> None:
        self._path = path
        self._load = load
        self._lock = threading.Lock()
        self._kept: tuple[tuple[int, int, int], T] | None = None

    def read(self) -> T:
        try:
            status = self._path.stat()
        except OSError:
            return self._load()  # it knows best what a missing file means
        stamp = (status.st_mtime_ns, status.st_ino, status.st_size)
        with self._lock:
            if self._kept is None or self._kept[0] != stamp:
                self._kept = (stamp, self._load())
            return self._kept[1]
