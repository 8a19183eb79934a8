"""One change at a time: an flock on the installation's lock file, whose text names the holder.

The lock belongs to the open file, not to a process: the descriptor goes to every docker-compose that a change starts,
so that the lock stays taken while such a child still works, even when its parent was killed.
The file is never replaced by rename, else two holders would lock two different files.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import pwd
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass

from manage.errors import NodeyardError
from manage.installation.layout import Layout

PATIENCE_S = 0.5
"""How long `hold` tries: a reader that only looks whether the lock is free has it for a moment."""


@dataclass(frozen=True)
class Holder:
    """Who holds the lock. The pid helps a person; nothing is decided by it (the agent has its own pid namespace)."""

    verb: str
    by: str
    since: float
    """Unix seconds."""
    pid: int

    def sentence(self) -> str:
        """ "manage up by root since 14:02 (pid 123)", in the reader's time zone."""
        at = time.strftime("%H:%M", time.localtime(self.since))
        return f"manage {self.verb} by {self.by} since {at} (pid {self.pid})"


def user() -> str:
    """The person behind this process: who called sudo, else the owner of the process."""
    if os.environ.get("SUDO_USER"):
        return os.environ["SUDO_USER"]
    try:
        return pwd.getpwuid(os.geteuid()).pw_name
    except KeyError:
        return f"uid {os.geteuid()}"


@contextlib.contextmanager
def hold(layout: Layout, verb: str, by: str = "") -> Iterator[int]:
    """Hold the installation's lock; gives the descriptor that every child of the change must inherit.

    Raises NodeyardError naming the holder when another change runs.
    """
    descriptor = _open(layout, os.O_RDWR | os.O_CREAT)
    try:
        if not _acquire(descriptor):
            raise NodeyardError(
                f"Another change is under way: {_who(descriptor)}.",
                "Wait until it has ended, its docker-compose included; manage history shows how it went.",
            )
        _write(descriptor, json.dumps(asdict(Holder(verb, by or user(), time.time(), os.getpid()))))
        yield descriptor
        _write(descriptor, "")
    finally:
        # Closed, not unlocked: LOCK_UN would free it for a child that still works, too.
        os.close(descriptor)


def holder(layout: Layout) -> str:
    """Who holds the lock, as a sentence; "" when it is free."""
    try:
        descriptor = _open(layout, os.O_RDONLY)
    except FileNotFoundError:
        return ""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return _who(descriptor)
    finally:
        os.close(descriptor)
    return ""


def _open(layout: Layout, flags: int) -> int:
    try:
        return os.open(layout.lock_file, flags | os.O_CLOEXEC, 0o644)
    except FileNotFoundError:
        if flags & os.O_CREAT:
            raise NodeyardError(
                f"There is no installation in {layout.dir}.",
                "Make one with manage init, or name its folder with --dir.",
            ) from None
        raise
    except OSError as error:
        raise NodeyardError(
            f"The lock file {layout.lock_file} cannot be opened: {error.strerror}.", "Run it as root."
        ) from error


def _acquire(descriptor: int) -> bool:
    deadline = time.monotonic() + PATIENCE_S
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return True
        except BlockingIOError:
            if time.monotonic() > deadline:
                return False
            time.sleep(0.02)


def _who(descriptor: int) -> str:
    text = os.pread(descriptor, 4096, 0).decode("utf-8", "replace")
    try:
        return Holder(**json.loads(text)).sentence()
    except (ValueError, TypeError):
        return "a process that has not said who it is"


def _write(descriptor: int, text: str) -> None:
    os.ftruncate(descriptor, 0)
    os.pwrite(descriptor, text.encode(), 0)
