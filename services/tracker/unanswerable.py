"""Addresses that the node cannot answer, and when to ask for them again. Outlives a session.

Each is asked again after 5 s, 10 s, 20 s and so on up to an hour. A question that ends the whole session (an answer
so large that the node dies, or that the database does not store in time) is remembered too: the next session asks for
its addresses last, and in smaller batches, until the culprit is alone.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

FIRST_RETRY_S = 5.0
LONGEST_RETRY_S = 3600.0
BATCH = 100
"""Addresses in one question."""
PARTS = 10
"""Into how many parts a batch that failed is split."""
MOST_INTERRUPTIONS = 3


@dataclass(frozen=True)
class Failure:
    reason: str
    attempts: int
    retry_at: float
    """Unix seconds."""

    @property
    def sentence(self) -> str:
        again = datetime.fromtimestamp(self.retry_at, UTC)
        return f"the tracker cannot read this address: {self.reason} (next attempt at {again:%H:%M:%S} UTC)"


class Unanswerable:
    def __init__(self) -> None:
        self.failures: dict[str, Failure] = {}
        self.in_flight: tuple[str, ...] = ()
        """What the session asks for at the moment."""
        self._interruptions: Counter[str] = Counter()

    def failed(self, address: str, reason: str, now: float) -> Failure:
        """Record that this address alone was not answered at `now` (unix seconds)."""
        before = self.failures.get(address)
        attempts = 1 + (before.attempts if before else 0)
        delay_s = min(FIRST_RETRY_S * 2 ** min(attempts - 1, 20), LONGEST_RETRY_S)
        self.failures[address] = Failure(reason, attempts, now + delay_s)
        return self.failures[address]

    def answered(self, addresses: Sequence[str]) -> None:
        """Also for an address that is no longer followed."""
        for address in addresses:
            self.failures.pop(address, None)
            self._interruptions.pop(address, None)

    def interrupted(self, reason: str, now: float) -> None:
        """Record that the session ended at `now`; `reason` says why."""
        asked, self.in_flight = self.in_flight, ()
        self._interruptions.update(asked)
        for address in asked:
            if len(asked) == 1 and self._interruptions[address] >= MOST_INTERRUPTIONS:
                self.failed(address, f"{reason}, each time that the tracker asked for it", now)

    def due(self, now: float) -> list[str]:
        """What to ask for again."""
        return [address for address, failure in self.failures.items() if failure.retry_at <= now]

    def batches(self, addresses: Sequence[str]) -> list[tuple[str, ...]]:
        """Questions for all of these addresses that have not failed; those that ended a session come last."""
        fresh = [address for address in addresses if address not in self.failures]
        sizes = (BATCH, BATCH // PARTS, 1)
        found: list[tuple[str, ...]] = []
        for count, size in enumerate(sizes):
            chosen = [each for each in fresh if min(self._interruptions[each], len(sizes) - 1) == count]
            found += chunks(chosen, size)
        return found


def parts(addresses: Sequence[str]) -> list[tuple[str, ...]]:
    """The parts of a batch that failed."""
    return list(chunks(addresses, -(-len(addresses) // PARTS)))


def chunks(values: Sequence[str], size: int) -> Iterator[tuple[str, ...]]:
    return (tuple(values[start : start + size]) for start in range(0, len(values), size))
