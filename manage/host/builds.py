"""The lock between image builds and purges: installations on a host share images, so none is removed during a build.

A build needs images that no container uses yet, and an installation that is being set up has no volumes by which a
purge would notice it.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
from collections.abc import Iterator
from pathlib import Path

LOCK = Path("/run/nodeyard-builds.lock")
"""An flock: shared by builds, exclusive for a purge. Only root can open the file; it is gone after a reboot."""


@contextlib.contextmanager
def build_lock() -> Iterator[None]:
    """Hold the shared lock during a build. Waits for a running purge, which takes seconds."""
    with lock_file(LOCK) as descriptor:
        fcntl.flock(descriptor, fcntl.LOCK_SH)
        yield


@contextlib.contextmanager
def purge_lock() -> Iterator[bool]:
    """Try to hold the exclusive lock; yields False if a build is running, else no build starts during the block."""
    with lock_file(LOCK) as descriptor:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
        else:
            yield True


@contextlib.contextmanager
def lock_file(path: Path) -> Iterator[int]:
    """The descriptor of a file in /run that processes of root lock with flock; made if it is missing."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    try:
        yield descriptor
    finally:
        os.close(descriptor)
