"""Builds and purges on one host: images are shared between installations, so none is removed while anybody builds.

A build of minutes stands on images that no container uses yet, and an installation that is being set up has no volumes
that would tell of it.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
from collections.abc import Iterator
from pathlib import Path

LOCK = Path("/run/nodeyard-builds.lock")
"""Held by flock: shared by builds, alone by a purge. Only root may open it, and it is gone after a reboot."""


@contextlib.contextmanager
def build_lock() -> Iterator[None]:
    """While images are built. Waits for a purge that is removing images, which takes seconds."""
    with _lock_file() as descriptor:
        fcntl.flock(descriptor, fcntl.LOCK_SH)
        yield


@contextlib.contextmanager
def purge_lock() -> Iterator[bool]:
    """Whether nobody builds; if so, nobody begins before the block is left."""
    with _lock_file() as descriptor:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
        else:
            yield True


@contextlib.contextmanager
def _lock_file() -> Iterator[int]:
    descriptor = os.open(LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    try:
        yield descriptor
    finally:
        os.close(descriptor)
