"""Locks of files that the agent and the host CLI both edit."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

from manage import untrusted
from manage.installation.layout import Layout


def locked(layout: Layout) -> AbstractContextManager[None]:
    """Hold the lock of the users' files; not from within itself."""
    return locked_file(layout.users_lock_file)


@contextmanager
def locked_file(path: Path) -> Iterator[None]:
    """Hold the lock file at `path`, which is made with its folder if it is missing."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor = untrusted.regular_file(path, os.O_RDWR | os.O_CREAT)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)
