"""A service's last 24 hours as coloured bars: values that the templates draw as SVG."""

from __future__ import annotations

import itertools
import math
import time
from collections.abc import Iterator, Sequence

from manage.health.model import VerdictName
from manage.immutable import dataclass
from manage.web import times
from manage.web.history import HOURS, Span

_DAY_S = HOURS * 3600.0
SLOTS = 192
"""Steps of 7.5 minutes. Each shows the worst verdict within it, so that a short outage stays visible."""
_SLOT_S = _DAY_S / SLOTS
_WORST_LAST: tuple[VerdictName, ...] = ("disabled", "healthy", "waiting", "starting", "syncing", "degraded", "down")


@dataclass(frozen=True)
class Bar:
    """One rectangle; `x` and `width` are in slots."""

    x: int
    width: int
    verdict: VerdictName
    label: str


@dataclass(frozen=True)
class Timeline:
    bars: tuple[Bar, ...]
    description: str
    """The same as text, for screen readers."""


def timeline_of(spans: Sequence[Span], now: float) -> Timeline:
    """The 24 hours before `now` (unix seconds). Times without a verdict stay empty.

    Slots begin at fixed times of the clock, not relative to `now`, so that the picture changes once per slot.
    """
    end = math.ceil(now / _SLOT_S) * _SLOT_S
    begin = end - _DAY_S
    slots: list[VerdictName | None] = [None] * SLOTS
    seconds: dict[VerdictName, float] = {}
    for span in spans:
        first, last = max(span.start, now - _DAY_S), min(span.end, now)
        if last <= first:
            continue
        seconds[span.verdict] = seconds.get(span.verdict, 0.0) + last - first
        # A span that ends where a slot begins is not in that slot.
        for slot in range(max(0, int((first - begin) // _SLOT_S)), min(SLOTS, math.ceil((last - begin) / _SLOT_S))):
            slots[slot] = _worse(slots[slot], span.verdict)
    return Timeline(tuple(_bars(slots, begin)), _described(seconds))


def _worse(one: VerdictName | None, other: VerdictName) -> VerdictName:
    return other if one is None else max(one, other, key=_WORST_LAST.index)


def _bars(slots: Sequence[VerdictName | None], begin: float) -> Iterator[Bar]:
    x = 0
    for verdict, run in itertools.groupby(slots):
        width = len(list(run))
        if verdict is not None:
            start, end = begin + x * _SLOT_S, begin + (x + width) * _SLOT_S
            yield Bar(x, width, verdict, f"{verdict}, {_clock(start)} to {_clock(end)} UTC")
        x += width


def _described(seconds: dict[VerdictName, float]) -> str:
    if not seconds:
        return "no data yet"
    if set(seconds) == {"healthy"}:
        watched = seconds["healthy"]
        return "healthy " + ("all day" if watched > 0.99 * _DAY_S else f"for {times.duration(watched)}")
    ordered = sorted(seconds.items(), key=lambda item: -item[1])
    return ", ".join(f"{verdict} {times.duration(spent)}" for verdict, spent in ordered)


def _clock(at: float) -> str:
    return time.strftime("%H:%M", time.gmtime(at))
