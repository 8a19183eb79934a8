"""Gives a folder and everything in it from one user id to another."""

from __future__ import annotations

import os
from pathlib import Path


def owner(folder: Path) -> int | None:
    """The user id that owns `folder`; None if this process cannot see it (the agent sees no volumes)."""
    try:
        return folder.stat().st_uid
    except FileNotFoundError:
        return None


def change(folder: Path, before: int, after: int) -> None:
    """Give what belongs to user or group `before` to `after`, the folder itself last.

    An interrupted change therefore leaves the folder with its earlier owner, and can be repeated. Follows no links:
    another user wrote what is in the folder. Needs root. Raises OSError.
    """

    def give(name: str, directory: int) -> None:
        found = os.stat(name, dir_fd=directory, follow_symlinks=False)
        uid, gid = (after if number == before else -1 for number in (found.st_uid, found.st_gid))
        if (uid, gid) != (-1, -1):
            os.chown(name, uid, gid, dir_fd=directory, follow_symlinks=False)

    for _path, folders, files, directory in os.fwalk(folder, topdown=False, onerror=_fail, follow_symlinks=False):
        for name in (*folders, *files):
            give(name, directory)
    parent = os.open(folder.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        give(folder.name, parent)
    finally:
        os.close(parent)


def _fail(error: OSError) -> None:
    raise error
