"""Ownership of the files that a change writes.

Only root can give a file to another user. Functions that do so use the `Owners` of the `Layout`, so a test can pass
`tests.stage.owners.Paper`, which only records the owner, and run as any user.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from manage.immutable import dataclass

Give = Callable[[Path | int, int, int], None]
"""Change the owner of a path or an open descriptor to (uid, gid); -1 keeps that id. Raises OSError if not allowed."""


def _uid(path: Path) -> int:
    return path.stat().st_uid


@dataclass(frozen=True)
class Owners:
    """How this process changes and reads the owner of a file."""

    give: Give = os.chown
    uid: Callable[[Path], int] = _uid
    """The user that owns a path."""
    root: bool = True
    """Whether this process may change owners."""


def of_this_process() -> Owners:
    """The owners that the command line uses: without root, `root` is False and `give` fails."""
    return Owners(root=os.geteuid() == 0)
