"""The processes that hold the installation's lock, and how to end them: the holder, or what a dead one left running.

The lock belongs to the open file, so each process that inherited the descriptor holds it. The kernel shows this in
/proc/PID/fdinfo (proc(5): `lock:`), with the pid of the process that took the lock, or 0 once that one has ended. So
the text in the lock, which may be that of an earlier change, plays no part.
"""

from __future__ import annotations

import os
import select
import signal
from collections.abc import Iterator
from pathlib import Path

from manage.errors import NodeyardError
from manage.immutable import dataclass
from manage.installation.layout import Layout

PROC = Path("/proc")
END_S = 20.0
"""How long a process may take to end after SIGTERM: the agent lets a step of its change end."""
KILL_S = 10.0
SHOWN_CHARACTERS = 80


@dataclass(frozen=True)
class Process:
    """A process that holds the lock."""

    pid: int
    """As this process sees it."""
    command: str
    """The beginning of its command line. It was chosen by whoever started it."""
    is_left_over: bool
    """Whether it is a docker-compose that inherited the lock: all that a dead `manage` leaves running."""


def holding(layout: Layout) -> tuple[Process, ...]:
    """Every process that holds the lock, the holder itself first. Only root sees all processes."""
    if not layout.lock_file.exists():
        return ()
    found = []
    for pid in sorted(int(entry.name) for entry in PROC.iterdir() if entry.name.isdigit()):
        takers = _takers(pid, layout.lock_file) if pid != os.getpid() else set()
        if takers:
            words = _command(pid)
            is_compose = Path(words[0]).name == "docker-compose"
            found.append(
                Process(pid, " ".join(" ".join(words).split())[:SHOWN_CHARACTERS], is_compose and pid not in takers)
            )
    return tuple(sorted(found, key=lambda process: process.is_left_over))


def end(layout: Layout, processes: tuple[Process, ...]) -> None:
    """End each of them, the holder first, so that it starts nothing more. Raises NodeyardError if one does not end."""
    for process in processes:
        try:
            descriptor = os.pidfd_open(process.pid)
        except ProcessLookupError:
            continue
        try:
            if _takers(process.pid, layout.lock_file) and not _ended(descriptor):
                raise NodeyardError(
                    f"Process {process.pid} ({process.command}) does not end, not even by SIGKILL.",
                    "It waits for the kernel, perhaps for a disk. Restart the machine.",
                )
        finally:
            os.close(descriptor)


def _ended(descriptor: int) -> bool:
    for number, patience_s in ((signal.SIGTERM, END_S), (signal.SIGKILL, KILL_S)):
        try:
            signal.pidfd_send_signal(descriptor, number)
        except ProcessLookupError:
            return True
        if select.select([descriptor], [], [], patience_s)[0]:  # readable once the process has ended
            return True
    return False


def _takers(pid: int, file: Path) -> set[int]:
    """Who took the locks on `file` that this process holds, 0 for one that has ended; empty if it holds none.

    A line is `lock: 1: FLOCK ADVISORY WRITE PID DEVICE:INODE 0 EOF`.
    """
    wanted = file.stat()
    lines = (
        line.split()
        for descriptor in _descriptors(pid, (wanted.st_dev, wanted.st_ino))
        for line in _lines(PROC / str(pid) / "fdinfo" / descriptor)
    )
    return {int(words[5]) for words in lines if words[:1] == ["lock:"] and words[2:3] == ["FLOCK"]}


def _descriptors(pid: int, inode: tuple[int, int]) -> Iterator[str]:
    """The descriptors of this process that refer to this file."""
    try:
        found = list((PROC / str(pid) / "fd").iterdir())
    except OSError:  # it has ended, or belongs to another user
        return
    for link in found:
        try:
            status = link.stat()
        except OSError:
            continue
        if (status.st_dev, status.st_ino) == inode:
            yield link.name


def _command(pid: int) -> list[str]:
    words = "\n".join(_lines(PROC / str(pid) / "cmdline")).split("\0")
    return words if words[0] else ["its command is not known"]


def _lines(path: Path) -> list[str]:
    try:
        return path.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return []
