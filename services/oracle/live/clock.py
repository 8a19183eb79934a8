"""Unix time that never jumps: the wall clock once, and from there the steady one."""

from __future__ import annotations

import time
from collections.abc import Callable

JUMP_S = 5.0
"""How far the wall clock may drift from ours (it is slewed by ppm) before it must have been set."""


class SteadyClock:
    """`wall` gives unix s, and may be set by others at any time."""

    def __init__(self, wall: Callable[[], float] = time.time) -> None:
        self._wall = wall
        self.set()

    def set(self) -> None:
        """Take the wall clock's word anew."""
        self._offset = self._wall() - time.monotonic()

    def now(self) -> float:
        """Unix s."""
        return time.monotonic() + self._offset

    def jumped(self) -> float:
        """Seconds by which the wall clock was set since, 0 while it was not."""
        apart = self._wall() - self.now()
        return apart if abs(apart) > JUMP_S else 0.0
