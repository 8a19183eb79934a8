"""How old a page's facts are, and what the page says about it."""

from __future__ import annotations

from typing import Literal

from manage.health.snapshot import STALE_S, age_of
from manage.immutable import dataclass
from manage.web import times


@dataclass(frozen=True)
class Freshness:
    """Of the snapshot that a page shows."""

    state: Literal["fresh", "stale", "missing"]
    age_s: float
    """-1.0 when there is no snapshot."""
    text: str
    """For the corner of the page: "true as of 2 s ago"."""


MISSING = Freshness("missing", -1.0, "no data yet")


def of_snapshot(as_of: float, now: float) -> Freshness:
    """Both in unix seconds."""
    age = age_of(as_of, now)
    if age > STALE_S:
        return Freshness("stale", age, f"no data for {times.duration(age)}")
    return Freshness("fresh", age, f"true as of {times.duration(age)} ago")
