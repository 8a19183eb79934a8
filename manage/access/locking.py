"""The lock of the users' files, which the agent and the host CLI both edit."""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager

from manage.installation.layout import Layout


@contextmanager
def locked(layout: Layout) -> Iterator[None]:
    """Hold the lock; not from within itself."""
    layout.agent_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    with layout.users_lock_file.open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
