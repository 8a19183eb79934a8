"""A file that another process replaces; read again only after it was replaced."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Generic, TypeVar

T = TypeVar("T")


class CachedFile(Generic[T]):
    """`read()` costs one stat while the file is unchanged. Exceptions of `load` are raised and not cached."""

    def __init__(self, path: Path, load: Callable[[], T]) -> None:
        self._path = path
        self._load = load
        self._lock = threading.Lock()
        self._cached: tuple[tuple[int, int, int], T] | None = None

    def read(self) -> T:
        """The file's content as `load` returns it."""
        try:
            status = self._path.stat()
        except OSError:
            return self._load()  # `load` knows what a missing file means
        stamp = (status.st_mtime_ns, status.st_ino, status.st_size)
        with self._lock:
            if self._cached is None or self._cached[0] != stamp:
                self._cached = (stamp, self._load())
            return self._cached[1]
