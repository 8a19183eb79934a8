"""The file system of a folder: what is free on it, and whether anybody can write."""

from __future__ import annotations

import os
from pathlib import Path

from manage.immutable import dataclass


@dataclass(frozen=True)
class Disk:
    """As `statvfs` reports it. `free_bytes` and `free_files` are what a process has that is not root."""

    folder: str
    """The folder by which people know it."""
    free_bytes: int
    total_bytes: int
    free_files: int = 0
    total_files: int = 0
    """Inodes; 0 on file systems that do not count them, such as btrfs."""
    read_only: bool = False


def measure(folder: Path, *, name: str = "", writes: bool = True) -> Disk:
    """The file system that holds `folder`, or will hold it; `name` is shown in place of the folder.

    `writes` is False where this process has the folder read-only: that tells nothing about the file system.
    Raises OSError if the folder above it cannot be reached.
    """
    found = os.statvfs(existing(folder))
    return Disk(
        folder=name or str(folder),
        free_bytes=found.f_bavail * found.f_frsize,
        total_bytes=found.f_blocks * found.f_frsize,
        free_files=found.f_favail,
        total_files=found.f_files,
        read_only=writes and bool(found.f_flag & os.ST_RDONLY),
    )


def existing(folder: Path) -> Path:
    """`folder`, or the nearest folder above it that exists."""
    while not folder.exists():
        folder = folder.parent
    return folder
