"""Who owns the files that a change leaves: the one place that decides whether this process may give files away.

Only root can give a file to another user. Every function that gives one takes the `Owners` of its `Layout`, so a test
can pass `tests.stage.owners.Paper`, which records the owner instead, and run as any user.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

Give = Callable[[Path | int, int, int], None]
"""Make a path or an open descriptor belong to (uid, gid). -1 leaves that id as it is. Raises OSError if not allowed."""


def _uid(path: Path) -> int:
    return path.stat().st_uid


@dataclass(frozen=True)
class Owners:
    """How this process gives files away, and how it reads whose they are."""

    give: Give = os.chown
    uid: Callable[[Path], int] = _uid
    """The user that owns a path."""
    root: bool = True
    """Whether this process may give files away at all."""


def of_this_process() -> Owners:
    """The owners that the command line passes on: `root` is False for everybody else, and `give` then fails."""
    return Owners(root=os.geteuid() == 0)
