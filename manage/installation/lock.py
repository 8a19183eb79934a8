"""One change at a time: an flock on the installation's lock file, whose text names the holder.

The lock belongs to the open file, not to a process: every docker-compose that a change starts inherits the descriptor,
so that the lock is held while such a child runs, even if its parent was killed.
The file is never replaced by rename, because two holders would then lock two different files.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import pwd
import time
from collections.abc import Iterator
from dataclasses import asdict

from manage import untrusted
from manage.errors import NodeyardError
from manage.immutable import dataclass
from manage.installation.layout import Layout

MODE = 0o600
"""Whoever can open the file, even read-only, can lock it and so block every change."""
PATIENCE_S = 0.5
"""How long `hold` retries: `holder`, which only checks the lock, holds it for a moment."""


@dataclass(frozen=True)
class Holder:
    """Who holds the lock. The pid is only shown, never used (the agent has its own pid namespace)."""

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
    """The user behind this process: the one that called sudo, else the owner of the process."""
    if os.environ.get("SUDO_USER"):
        return os.environ["SUDO_USER"]
    try:
        return pwd.getpwuid(os.geteuid()).pw_name
    except KeyError:
        return f"uid {os.geteuid()}"


@contextlib.contextmanager
def hold(layout: Layout, verb: str, by: str = "") -> Iterator[int]:
    """Hold the installation's lock; yields the descriptor that every child process of the change must inherit.

    Raises NodeyardError, naming the holder, if another change is running.
    """
    descriptor = _open(layout, os.O_RDWR | os.O_CREAT)
    try:
        os.fchmod(descriptor, MODE)  # an earlier version made the file readable by all
        if not _acquire(descriptor):
            raise NodeyardError(
                f"Another change is running: {_who(descriptor)}.",
                "Wait until it and its docker-compose have ended (manage history shows the result). "
                "If it hangs, end it with: manage up --take-over",
            )
        _write(descriptor, json.dumps(asdict(Holder(verb, by or user(), time.time(), os.getpid()))))
        yield descriptor
        _write(descriptor, "")
    finally:
        # Close instead of LOCK_UN, which would also release the lock of a child that is still running.
        os.close(descriptor)


def holder(layout: Layout) -> str:
    """Who holds the lock, as a sentence; "" if it is free."""
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


def named_holder(layout: Layout) -> Holder | None:
    """Who wrote their name into the lock last; None if nobody did, or if they ended well."""
    try:
        descriptor = _open(layout, os.O_RDONLY)
    except FileNotFoundError:
        return None
    try:
        return _named(descriptor)
    finally:
        os.close(descriptor)


def _open(layout: Layout, flags: int) -> int:
    try:
        return os.open(layout.lock_file, flags | os.O_CLOEXEC | os.O_NONBLOCK | os.O_NOFOLLOW, MODE)
    except FileNotFoundError:
        if flags & os.O_CREAT:
            raise NodeyardError(
                f"There is no installation in {layout.dir}.",
                "Create one with manage init, or give its folder with --dir.",
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
    named = _named(descriptor)
    return named.sentence() if named else "an unknown process"


def _named(descriptor: int) -> Holder | None:
    try:
        fields = untrusted.parse_json(os.pread(descriptor, 4096, 0))
        holder = Holder(str(fields["verb"]), str(fields["by"]), float(fields["since"]), int(fields["pid"]))
        time.localtime(holder.since)
    except (ValueError, TypeError, KeyError, OverflowError, OSError):
        return None
    return holder


def _write(descriptor: int, text: str) -> None:
    os.ftruncate(descriptor, 0)
    with contextlib.suppress(OSError):  # on a full disk the lock has no name, and holds nevertheless
        os.pwrite(descriptor, text.encode(), 0)
