"""The seven verdict shapes and the 24 h strip: pictures as values, drawn as SVG by the templates."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from manage import words
from manage.health.model import VerdictName
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
_NARROWEST = 0.5
"""Per cent of the strip: an outage of a minute must still be seen."""


@dataclass(frozen=True)
class Bar:
    """One rectangle of a strip; `x` and `width` in per cent of the 24 hours."""

    x: float
    width: float
    verdict: VerdictName
    label: str


@dataclass(frozen=True)
class Strip:
    bars: tuple[Bar, ...]
    words: str
    """The same for those who cannot see it."""


def strip(spans: Sequence[Span], now: float) -> Strip:
    """The last 24 hours up to `now` (unix seconds). Where nothing was watched, nothing is drawn."""
    begin = now - _DAY_S
    bars = []
    seconds: dict[VerdictName, float] = {}
    for span in spans:
        start, end = max(span.start, begin), min(span.end, now)
        if end <= start:
            continue
        seconds[span.verdict] = seconds.get(span.verdict, 0.0) + end - start
        width = max((end - start) / _DAY_S * 100, _NARROWEST)
        x = min((start - begin) / _DAY_S * 100, 100 - width)
        label = f"{span.verdict} for {words.duration(end - start)}, {_clock(start)} to {_clock(end)} UTC"
        bars.append(Bar(round(x, 2), round(width, 2), span.verdict, label))
    # Narrow ones last, so that a long neighbour does not cover them.
    bars.sort(key=lambda bar: -bar.width)
    return Strip(tuple(bars), _in_words(seconds))


def _in_words(seconds: dict[VerdictName, float]) -> str:
    if not seconds:
        return "last 24 hours: not watched yet"
    if set(seconds) == {"healthy"}:
        watched = seconds["healthy"]
        return "last 24 hours: healthy " + ("all day" if watched > 0.99 * _DAY_S else f"for {words.duration(watched)}")
    ordered = sorted(seconds.items(), key=lambda item: -item[1])
    return "last 24 hours: " + ", ".join(f"{verdict} {words.duration(spent)}" for verdict, spent in ordered)


def _clock(at: float) -> str:
    return time.strftime("%H:%M", time.gmtime(at))
