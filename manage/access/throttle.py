"""How often a password may be tried: a wait that doubles, for each name and for each address it comes from."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

FREE_TRIES = 5
"""So many wrong passwords cost nothing but the hash."""
LONGEST_WAIT_S = 60.0
"""No longer, because behind Docker's gateway everyone may have one address: an attacker must not lock out the owner.
At one try a minute a password of 10 characters outlives everybody."""
FORGET_S = 3600.0
MOST_KEYS = 4096


@dataclass
class _Tries:
    count: int = 0
    free_at: float = 0.0
    last: float = 0.0


class Throttle:
    """Counts a try before it is judged, so that many at once gain nothing; a success takes the count back."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._tries: OrderedDict[tuple[str, str], _Tries] = OrderedDict()
        self._lock = threading.Lock()

    def begin(self, name: str, address: str) -> float:
        """Seconds to wait before this may be tried; 0.0 when it may, and then it is counted as a failure."""
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
                    # 1, 2, 4 ... seconds; the exponent is bounded so that a patient attacker cannot overflow it.
                    entry.free_at = now + min(2.0 ** min(entry.count - FREE_TRIES, 10), LONGEST_WAIT_S)
            return 0.0

    def succeed(self, name: str, address: str) -> None:
        """The password was right: nothing is held against this name and address any more."""
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
