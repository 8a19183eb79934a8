"""Limits password attempts: a waiting time that doubles, per user name and per address."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

FREE_TRIES = 5
"""Wrong passwords that are allowed without a waiting time."""
LONGEST_WAIT_S = 60.0
"""Behind Docker's gateway all users can have the same address, so a longer wait would let an attacker lock out the
owner. One attempt per minute is too slow to guess a password of 10 characters."""
FORGET_S = 3600.0
MOST_KEYS = 4096


@dataclass
class _Tries:
    count: int = 0
    free_at: float = 0.0
    last: float = 0.0


class Throttle:
    """Counts an attempt before it is checked, so that parallel attempts gain nothing; a success resets the count."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._tries: OrderedDict[tuple[str, str], _Tries] = OrderedDict()
        self._lock = threading.Lock()

    def begin(self, name: str, address: str) -> float:
        """Seconds to wait before the next attempt; 0.0 if it is allowed, and then it counts as a failure."""
        with self._lock:
            now = self._clock()
            entries = [self._entry(key, now) for key in _keys(name, address)]
            wait = max(entry.free_at - now for entry in entries)
            if wait > 0:
                return wait
            for entry in entries:
                entry.count += 1
                entry.last = now
                if entry.count >= FREE_TRIES:
                    # 1, 2, 4 ... seconds; the exponent is bounded so that it cannot overflow.
                    entry.free_at = now + min(2.0 ** min(entry.count - FREE_TRIES, 10), LONGEST_WAIT_S)
            return 0.0

    def succeed(self, name: str, address: str) -> None:
        """The password was right: reset the count of this name and address."""
        with self._lock:
            for key in _keys(name, address):
                self._tries.pop(key, None)

    def _entry(self, key: tuple[str, str], now: float) -> _Tries:
        entry = self._tries.get(key)
        if entry is None or now - entry.last > FORGET_S:
            entry = self._tries[key] = _Tries(last=now)
        self._tries.move_to_end(key)
        while len(self._tries) > MOST_KEYS:
            self._tries.popitem(last=False)
        return entry


def _keys(name: str, address: str) -> tuple[tuple[str, str], tuple[str, str]]:
    return ("name", name), ("address", address)
