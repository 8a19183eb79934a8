"""Owners on paper: a test sees who was given a file, and runs as any user."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path

from manage.installation.owners import Owners

Given = dict[tuple[int, int], tuple[int, int]]


@dataclass(frozen=True)
class Paper:
    """Records the owner of each inode, so that it follows a file through a rename; files not given are root's."""

    _given: Given = field(default_factory=dict)

    def owners(self) -> Owners:
        """What a `Layout` takes."""
        return Owners(self.give, self.uid)

    def give(self, target: Path | int, uid: int, gid: int) -> None:
        before = self._owner(target)
        self._given[_inode(target)] = (before[0] if uid == -1 else uid, before[1] if gid == -1 else gid)

    def uid(self, path: Path) -> int:
        return self._owner(path)[0]

    def gid(self, path: Path) -> int:
        return self._owner(path)[1]

    def _owner(self, target: Path | int) -> tuple[int, int]:
        return self._given.get(_inode(target), (0, 0))


def _inode(target: Path | int) -> tuple[int, int]:
    found = os.stat(target)  # noqa: PTH116 - a descriptor or a path
    return found.st_dev, found.st_ino
