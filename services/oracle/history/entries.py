"""What is kept and what is given back, alike for every store."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from oracle.live.answer import Answer

SCHEMA_VERSION = 1
KEEP_S = 400 * 86400.0


@dataclass(frozen=True)
class Entry:
    """One answer as it is kept. `at` in unix s, money in USD per BTC."""

    at: float
    price: float | None
    low: float | None
    high: float | None
    confidence: float
    state: str
    market: str


@dataclass(frozen=True)
class Bucket:
    """The answers of one step: means of price and confidence, the widest interval, the last state."""

    at: float
    """Its start, unix s."""
    price: float | None
    low: float | None
    high: float | None
    confidence: float
    state: str
    market: str
    entries: int


def entry(answer: Answer) -> Entry:
    """The answer as it is kept. A stale one keeps no number: it was kept when it was fresh."""
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
    """The store did not do what it was asked; the text says why."""


class Store(Protocol):
    """Where history lies. Every method raises HistoryUnavailable when it fails."""

    async def open(self) -> None:
        """Put the schema in place."""
        ...

    async def write(self, entries: Sequence[Entry]) -> None: ...

    async def read(self, first: float, last: float, step: float) -> list[Bucket]:
        """Buckets of `step` s from `first` to before `last` (unix s), oldest first; those without entries left out."""
        ...

    async def forget(self, before: float) -> None:
        """Delete what is older than `before` (unix s)."""
        ...

    async def close(self) -> None: ...
