"""How many audit records one source may cause, so that a flood of refused calls cannot push out the others."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass

PER_HOUR = 30
"""Records of one source and one result; those of a confirmed change are not counted."""
HOUR_S = 3600.0
MOST_ADDRESSES = 64
"""Addresses that are counted apart; all others share one budget."""
OTHERS = "other addresses"

Key = tuple[str, str]
"""A source and a result. The source is a user's name or, for somebody who is not signed in, an address in brackets."""


@dataclass
class _Window:
    began: float
    written: int = 0
    left_out: int = 0


class Budget:
    """Counts the records of each source and result by the hour. `clock` gives unix seconds. Thread-safe."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._windows: dict[Key, _Window] = {}

    def take(self, source: str, result: str, *, is_address: bool) -> bool:
        """Whether to write a record of this source; if not, it is counted."""
        with self._lock:
            key = (source, result)
            if is_address and key not in self._windows and len(self._windows) >= MOST_ADDRESSES:
                key = (OTHERS, result)
            window = self._windows.setdefault(key, _Window(self._clock()))
            if window.written >= PER_HOUR:
                window.left_out += 1
                return False
            window.written += 1
            return True

    def ended(self, *, everything: bool = False) -> list[tuple[Key, int]]:
        """Windows that are over, with how many records each left out; they begin again. `everything`: all windows."""
        with self._lock:
            now = self._clock()
            # A clock that was set back must not keep a window open for ever.
            over = [k for k, w in self._windows.items() if everything or not 0 <= now - w.began < HOUR_S]
            return [(key, self._windows.pop(key).left_out) for key in over]
