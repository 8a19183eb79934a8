"""Judges a disk, for `status`, `why`, `up`, the gate and the page alike. Pure, except `trouble_of`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

from manage import words
from manage.health.model import EngineState, Judgement
from manage.health.trouble import Trouble
from manage.installation.disk import Disk, measure

LOW = 0.10
OUT = 0.02
"""Free shares of a disk below which it is degraded and down. Our choice: the database and the chain nodes stop when
the disk is full, and two per cent leave little time to act."""
FULL_BYTES = 20_000_000
"""Below this a disk is full: a change writes some megabytes, and PostgreSQL takes 16 MiB at once for its WAL."""
FULL_FILES = 200
"""Below this many free inodes too: one change creates about a hundred files."""
SMALL = 100
"""A disk is not full while more than this part of it is free, however small it is."""
FULL_TEXTS = ("No space left on device", "Disk space is too low")
"""strerror(ENOSPC), which PostgreSQL, RocksDB and others quote, and Bitcoin Core (src/validation.cpp)."""
LOG_AGE_S = 600.0
DOCKER = "Docker's data"
"""The name of the disk on which Docker keeps images, volumes and logs."""


def judge(disk: Disk) -> Trouble:
    """What the disk means at this moment: its verdict, healthy included."""
    name, total = f"The disk of {disk.folder}", words.size(disk.total_bytes)
    if disk.read_only:
        why = "The kernel refuses to write, often after an error of the disk (see: dmesg). Make it writable again."
        return Trouble("disk", "down", f"{name} is read-only", why, blocks=True)
    if disk.free_files < min(FULL_FILES, disk.total_files // SMALL):
        inodes = f"{words.number(disk.free_files)} of {words.number(disk.total_files)} inodes are free"
        why = f"{inodes}. Remove some files; everything goes on by itself."
        return Trouble("disk", "down", f"{name} has no room for more files", why, blocks=True)
    free = f"{words.size(disk.free_bytes)} of {total} are free"
    if disk.free_bytes < min(FULL_BYTES, disk.total_bytes // SMALL):
        why = f"{free}. Free some space; everything goes on by itself."
        return Trouble("disk", "down", f"{name} is full", why, blocks=True)
    share = disk.free_bytes / (disk.total_bytes or 1)
    if share < OUT:
        return Trouble("disk", "down", f"{name} is almost full", f"{free}. Free some space.")
    if share < LOW:
        return Trouble("disk", "degraded", f"{name} has little space left", f"{free}.")
    return Trouble("disk", "healthy", f"{name} has space", f"{free}.")


def trouble_of(folder: Path, *, name: str = "", writes: bool = True) -> Trouble | None:
    """Why nothing can be written below `folder`, None if nothing is known. The rest is as in `measure`."""
    try:
        judged = judge(measure(folder, name=name, writes=writes))
    except OSError:
        return None
    return judged if judged.blocks else None


def with_log(judged: Judgement, engine: EngineState, now: float) -> Judgement:
    """The judgement of a service that is not well, and whether its log says that a disk is full.

    Nobody but the service sees the disk of its chain folder.
    """
    if judged.verdict in ("healthy", "disabled"):
        return judged
    found = [at for at, line in engine.log if now - LOG_AGE_S <= at and any(text in line for text in FULL_TEXTS)]
    if not found:
        return judged
    ago = words.duration(now - found[-1])
    return replace(judged, reason=f"{judged.reason}; its log says that a disk is full ({ago} ago)")


def as_host(disks: Iterable[Disk]) -> list[dict[str, Any]]:
    """The disks as the snapshot's `host` carries them. One disk that was measured twice appears once."""
    found: dict[tuple[int, int], Disk] = {}
    for disk in disks:
        found.setdefault((disk.total_bytes, disk.total_files), disk)
    return [{field.name: getattr(disk, field.name) for field in fields(Disk)} for disk in found.values()]


def of_host(host: Mapping[str, Any]) -> tuple[Disk, ...]:
    """The disks in a snapshot's `host`, which another user wrote: what is not a disk is left out."""
    entries = host.get("disks")
    if not isinstance(entries, list):
        free, total = host.get("disk_free_bytes"), host.get("disk_total_bytes")
        known = isinstance(free, int | float) and isinstance(total, int | float) and total
        return (Disk("this machine", int(free or 0), int(total or 0)),) if known else ()
    return tuple(disk for entry in entries[:16] if (disk := _disk(entry)) is not None)


def _disk(entry: Any) -> Disk | None:
    try:
        numbers = {name: int(entry[name]) for name in ("free_bytes", "total_bytes", "free_files", "total_files")}
        return Disk(words.plain(str(entry["folder"])[:200]), read_only=bool(entry["read_only"]), **numbers)
    except (KeyError, TypeError, ValueError, OverflowError):
        return None
