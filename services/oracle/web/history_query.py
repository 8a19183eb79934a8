"""The query of a request for history. An invalid range is refused with a sentence."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import UTC, datetime

from serving.refusals import Refused

GENESIS = 1231006505.0
"""Time of Bitcoin's first block, unix seconds."""
MOST_BUCKETS = 5000
USUAL_BUCKETS = 300
SHORTEST_S, LONGEST_S = 1.0, 31 * 86400.0
DAY_S = 86400.0


@dataclass(frozen=True)
class Range:
    """From `first` to before `last` (unix s) in steps of `step` s."""

    first: float
    last: float
    step: float


def history_range(first: str | None, last: str | None, step: str | None, now: float) -> Range:
    """The range that the query names: by default the last day in about 300 steps. Raises Refused (422)."""
    end = _moment("to", last) if last else now
    begin = _moment("from", first) if first else end - DAY_S
    if begin >= end:
        raise Refused(422, "'from' must be before 'to'.")
    if begin < GENESIS or end > now + DAY_S:
        raise Refused(422, "The range must lie between 2009-01-03 (Bitcoin's first block) and now.")
    width = _step(step) if step else max(SHORTEST_S, float(math.ceil((end - begin) / USUAL_BUCKETS)))
    if (end - begin) / width > MOST_BUCKETS:
        needed = math.ceil((end - begin) / MOST_BUCKETS)
        raise Refused(422, f"The range has more than {MOST_BUCKETS} steps. Set 'step' to at least {needed} s.")
    return Range(begin, end, width)


def whole(name: str, text: str | None) -> int | None:
    """An integer from a query, None if it is not given. Raises Refused (422)."""
    if text is None:
        return None
    if not text.isascii() or not text.isdigit() or len(text) > 18:
        raise Refused(422, f"{name!r} is {text[:40]!r}. Expected a whole number.")
    return int(text)


def _moment(name: str, text: str) -> float:
    seconds = _number(text)
    if seconds is not None:
        return seconds
    try:
        moment = datetime.fromisoformat(text)
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError):
        message = f"{name!r} is {text[:40]!r}. Expected unix seconds or a time such as 2026-01-31T12:00:00Z."
        raise Refused(422, message) from None


def _step(text: str) -> float:
    step = _number(text)
    if step is None or not SHORTEST_S <= step <= LONGEST_S:
        raise Refused(422, f"'step' is {text[:40]!r}. Expected seconds from {SHORTEST_S:g} to {LONGEST_S:g}.")
    return step


def _number(text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return value if math.isfinite(value) else None
