"""The entries and buckets of the history, and the interface of a store."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from oracle.live.answer import Answer

SCHEMA_VERSION = 1
KEEP_S = 400 * 86400.0


@dataclass(frozen=True)
class Entry:
    """One stored answer. `at` in unix s, prices in USD per BTC."""

    at: float
    price: float | None
    low: float | None
    high: float | None
    confidence: float
    state: str
    market: str


@dataclass(frozen=True)
class Bucket:
    """The entries of one step: mean price and confidence, the widest interval, the last state."""

    at: float
    """Start of the step, unix s."""
    price: float | None
    low: float | None
    high: float | None
    confidence: float
    state: str
    market: str
    entries: int


def entry(answer: Answer) -> Entry:
    """The entry of an answer. That of a stale answer has no numbers, since they were stored when it was fresh."""
    known = answer.as_of is not None and answer.state != "stale"
    return Entry(
        at=answer.at,
        price=answer.price if known else None,
        low=answer.low if known else None,
        high=answer.high if known else None,
        confidence=answer.confidence if known else 0.0,
        state=answer.state.value,
        market=answer.market.value,
    )


class HistoryUnavailable(Exception):
    """The store failed; the message says why."""


class Store(Protocol):
    """A store of the history. Every method raises HistoryUnavailable if it fails."""

    async def open(self) -> None:
        """Create or migrate the schema."""
        ...

    async def write(self, entries: Sequence[Entry]) -> None: ...

    async def read(self, first: float, last: float, step: float) -> list[Bucket]:
        """Buckets of `step` s from `first` to before `last` (unix s), oldest first, without empty ones."""
        ...

    async def forget(self, before: float) -> None:
        """Delete entries older than `before` (unix s)."""
        ...

    async def close(self) -> None: ...
