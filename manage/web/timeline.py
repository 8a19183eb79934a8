"""The seven verdict shapes and the 24 h strip: pictures as values, drawn as SVG by the templates."""

from __future__ import annotations

import itertools
import math
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from manage.health.model import VerdictName
from manage.web import times
from manage.web.history import HOURS, Span

SHAPES: dict[VerdictName, Markup] = {
    "healthy": Markup('<circle cx="8" cy="8" r="6"/>'),
    "starting": Markup('<circle cx="8" cy="8" r="6" fill="none" stroke-dasharray="3 3"/>'),
    "syncing": Markup('<circle cx="8" cy="8" r="6" fill="none"/><path d="M8 2a6 6 0 0 1 0 12z" stroke="none"/>'),
    "waiting": Markup('<circle cx="8" cy="8" r="6" fill="none"/><path d="M8 4.5V8l2.5 1.5" fill="none"/>'),
    "degraded": Markup('<path d="M8 2l6.5 12h-13z" stroke-linejoin="round"/>'),
    "down": Markup('<path d="M3 3l10 10M13 3L3 13" fill="none" stroke-width="3"/>'),
    "disabled": Markup('<path d="M2 8h12" fill="none"/>'),
}
"""Inside a 16 by 16 view box; told apart without colour, in print and in grey."""

_DAY_S = HOURS * 3600.0
SLOTS = 192
"""The strip is drawn in so many steps of 7.5 minutes, each as bad as its worst moment: a short outage can be seen."""
_SLOT_S = _DAY_S / SLOTS
_WORST_LAST: tuple[VerdictName, ...] = ("disabled", "healthy", "waiting", "starting", "syncing", "degraded", "down")


@dataclass(frozen=True)
class Bar:
    """One rectangle of a strip; `x` and `width` in slots."""

    x: int
    width: int
    verdict: VerdictName
    label: str


@dataclass(frozen=True)
class Strip:
    bars: tuple[Bar, ...]
    words: str
    """The same for those who cannot see it."""


def strip(spans: Sequence[Span], now: float) -> Strip:
    """The 24 hours up to `now` (unix seconds). Where nothing was watched, nothing is drawn.

    The steps lie on the clock, not on `now`, so that the picture stands still between them.
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
        # A span that only touches a slot's beginning is not in it.
        for slot in range(max(0, int((first - begin) // _SLOT_S)), min(SLOTS, math.ceil((last - begin) / _SLOT_S))):
            slots[slot] = _worse(slots[slot], span.verdict)
    return Strip(tuple(_bars(slots, begin)), _in_words(seconds))


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


def _in_words(seconds: dict[VerdictName, float]) -> str:
    if not seconds:
        return "last 24 hours: not watched yet"
    if set(seconds) == {"healthy"}:
        watched = seconds["healthy"]
        return "last 24 hours: healthy " + ("all day" if watched > 0.99 * _DAY_S else f"for {times.whole(watched)}")
    ordered = sorted(seconds.items(), key=lambda item: -item[1])
    return "last 24 hours: " + ", ".join(f"{verdict} {times.whole(spent)}" for verdict, spent in ordered)


def _clock(at: float) -> str:
    return time.strftime("%H:%M", time.gmtime(at))
