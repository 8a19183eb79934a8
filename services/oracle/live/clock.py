"""Unix time that never jumps: it starts at the wall clock and follows the monotonic clock."""

from __future__ import annotations

import time
from collections.abc import Callable

JUMP_S = 5.0
"""A larger difference from the wall clock means that somebody set it (slewing changes it only by ppm)."""


class SteadyClock:
    """`wall` returns unix s and may jump at any time."""

    def __init__(self, wall: Callable[[], float] = time.time) -> None:
        self._wall = wall
        self.set()

    def set(self) -> None:
        """Synchronise with the wall clock."""
        self._offset = self._wall() - time.monotonic()

    def now(self) -> float:
        """Unix s."""
        return time.monotonic() + self._offset

    def jumped(self) -> float:
        """Seconds by which the wall clock has jumped since, 0 if it has not."""
        apart = self._wall() - self.now()
        return apart if abs(apart) > JUMP_S else 0.0
