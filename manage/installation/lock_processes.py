"""The processes that hold the installation's lock, and how to end them: the holder, or what a dead one left running.

The lock belongs to the open file, so each process that inherited the descriptor holds it. The kernel shows this in
/proc/PID/fdinfo (proc(5): `lock:`), also for processes in containers, whose own pid is the last one of `NSpid`.
"""

from __future__ import annotations

import os
import select
import signal
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from manage.errors import NodeyardError
from manage.installation import lock
from manage.installation.layout import Layout

PROC = Path("/proc")
END_S = 20.0
"""How long a process may take to end after SIGTERM: the agent lets a step of its change end."""
KILL_S = 10.0
SHOWN_CHARACTERS = 80


@dataclass(frozen=True)
class Process:
    pid: int
    """As this process sees it."""
    command: str
    """The beginning of its command line. It was chosen by whoever started it."""
    is_holder: bool
    """Whether it wrote its name into the lock; the others are its children, or strangers."""


def holding(layout: Layout) -> tuple[Process, ...]:
    """Every process that holds the lock, the holder itself first. Only root sees all processes."""
    if not layout.lock_file.exists():
        return ()
    holder = lock.named_holder(layout)
    own = {os.getpid()}
    found = [
        Process(pid, _command(pid), holder is not None and holder.pid in _pids(pid))
        for pid in sorted(int(entry.name) for entry in PROC.iterdir() if entry.name.isdigit())
        if pid not in own and _holds(pid, layout.lock_file)
    ]
    return tuple(sorted(found, key=lambda process: not process.is_holder))


def end(layout: Layout, processes: tuple[Process, ...]) -> None:
    """End each of them, the holder first, so that it starts nothing more. Raises NodeyardError if one does not end."""
    for process in processes:
        try:
            descriptor = os.pidfd_open(process.pid)
        except ProcessLookupError:
            continue
        try:
            if _holds(process.pid, layout.lock_file) and not _ended(descriptor):
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


def _holds(pid: int, file: Path) -> bool:
    wanted = file.stat()
    return any(
        "FLOCK" in line
        for descriptor in _descriptors(pid, (wanted.st_dev, wanted.st_ino))
        for line in _lines(PROC / str(pid) / "fdinfo" / descriptor)
        if line.startswith("lock:")
    )


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


def _pids(pid: int) -> set[int]:
    """The pid of a process in every namespace that it is in."""
    for line in _lines(PROC / str(pid) / "status"):
        if line.startswith("NSpid:"):
            return {int(word) for word in line.split()[1:]}
    return {pid}


def _command(pid: int) -> str:
    words = " ".join(_lines(PROC / str(pid) / "cmdline")).replace("\0", " ").strip()
    return words[:SHOWN_CHARACTERS] or "its command is not known"


def _lines(path: Path) -> list[str]:
    try:
        return path.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return []
