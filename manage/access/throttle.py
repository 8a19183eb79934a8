"""Limits attempts at a secret (password, code): a waiting time that doubles. The counters are on disk.

Attempts of strangers are counted by name and by address, in a fixed number of counters that names and addresses share
by their hash: a flood of names or addresses can make strangers wait, but it can neither fill the table nor push a
counter out. Attempts of a known device (`manage.access.devices`) and of a signed-in person have counters of their own,
so strangers cannot make them wait.
"""

from __future__ import annotations

import dataclasses
import ipaddress
import threading
import time
from collections.abc import Callable, Iterable
from hashlib import sha256
from pathlib import Path

from manage.immutable import dataclass
from manage.installation import documents

FREE_TRIES = 5
"""Wrong attempts that are allowed without a waiting time."""
LONGEST_WAIT_S = 60.0
FORGET_S = 3600.0
COUNTERS = 1024
"""Shared counters of names, and as many of addresses."""


@dataclass(frozen=True)
class Key:
    """Whose attempts a counter counts."""

    counter: str
    own: bool
    """False for a shared counter: a success takes back its own attempt but forgives no others."""
    longest_wait_s: float = LONGEST_WAIT_S


@dataclasses.dataclass
class _Tries:
    count: int = 0
    free_at: float = 0.0
    """Unix seconds, as `last`."""
    last: float = 0.0


def stranger(name: str, address: str) -> tuple[Key, ...]:
    """Somebody at a device that has not signed in as `name` before."""
    return Key(f"name {_share(name)}", own=False), Key(f"address {_share(_network(address))}", own=False)


class Throttle:
    """Counts an attempt before it is checked, so that parallel attempts and a restart gain nothing."""

    def __init__(self, path: Path, clock: Callable[[], float] = time.time) -> None:
        self._path = path
        self._clock = clock
        self._lock = threading.Lock()

    def begin(self, keys: Iterable[Key]) -> float:
        """Seconds to wait before the next attempt; 0.0 if it is allowed, and then it is on disk as a failure.

        Raises NodeyardError or OSError if the counters cannot be read or written: then nobody may try.
        """
        with self._lock:
            now, tries = self._clock(), self._read()
            entries = [(key, tries.setdefault(key.counter, _Tries())) for key in keys]
            # A clock that was set back must not make anybody wait longer than usual.
            wait = max(min(entry.free_at - now, key.longest_wait_s) for key, entry in entries)
            if wait > 0:
                return wait
            for key, entry in entries:
                entry.count += 1
                entry.last = now
                if entry.count >= FREE_TRIES:
                    # 1, 2, 4 ... seconds; the exponent is bounded so that it cannot overflow.
                    entry.free_at = now + min(2.0 ** min(entry.count - FREE_TRIES, 20), key.longest_wait_s)
            self._write(tries)
            return 0.0

    def succeed(self, keys: Iterable[Key]) -> None:
        """The attempt was right: reset the counters of one person or device, and take it back from shared ones."""
        with self._lock:
            tries = self._read()
            for key in keys:
                entry = tries.get(key.counter)
                if entry is None:
                    continue
                if key.own or entry.count <= 1:
                    del tries[key.counter]
                else:
                    entry.count -= 1
                    entry.free_at = self._clock()
            self._write(tries)

    def _read(self) -> dict[str, _Tries]:
        try:
            document = documents.read(self._path)
        except FileNotFoundError:
            return {}
        now = self._clock()
        with documents.require_shape(self._path):
            found = {counter: _Tries(**entry) for counter, entry in document["tries"].items()}
        return {counter: entry for counter, entry in found.items() if now - entry.last <= FORGET_S}

    def _write(self, tries: dict[str, _Tries]) -> None:
        shown = {counter: dataclasses.asdict(entry) for counter, entry in tries.items() if entry.count}
        documents.write(self._path, {"tries": shown}, mode=0o600)


def _share(text: str) -> int:
    return int.from_bytes(sha256(text.encode(errors="replace")).digest()[:8]) % COUNTERS


def _network(address: str) -> str:
    """The address, but one for the 2^64 IPv6 addresses that a single host can have."""
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return address
    if found.version == 4:
        return str(found)
    return str(found.ipv4_mapped or ipaddress.ip_network((found, 64), strict=False))
