"""The oracle's messages as JSON. Every price comes with its market."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from oracle.live.answer import Answer
from oracle.live.core import Live
from oracle.live.node import FlowPrice
from oracle.parse import Verdict
from oracle.web.generator_price import compare

Point = tuple[float, float]
"""(unix s, implied USD per BTC)."""
MOST_POINTS = 4000
"""In one message, about 200 kB. Of more points, evenly spaced ones are sent."""


def price(answer: Answer) -> dict[str, Any]:
    """The answer itself: USD per BTC, unix seconds."""
    return {
        "price": answer.price,
        "low": answer.low,
        "high": answer.high,
        "confidence": answer.confidence,
        "state": answer.state.value,
        "reason": answer.reason,
        "market": answer.market.value,
        "n_points": answer.n_points,
        "as_of": None if answer.as_of is None else round(answer.as_of, 3),
        "age_s": None if answer.as_of is None else round(max(0.0, answer.at - answer.as_of), 3),
        "timestamp": round(answer.at, 3),
    }


def price_beside(answer: Answer, flow: FlowPrice | None) -> dict[str, Any]:
    """The answer; with a known generator price also `flow`: that price and the answer's error as a fraction of it."""
    compared = compare(answer, flow)
    if compared is None:
        return price(answer)
    return {**price(answer), "flow": {"price": round(compared.price, 2), "error": round(compared.error, 6)}}


def stats(live: Live, started_at: float, now: float) -> dict[str, Any]:
    """Counts since the process started, and the current size of the window and the mempool."""
    received = live.window.verdicts.total()
    kept = live.window.verdicts[Verdict.KEPT]
    return {
        "total_received": received,
        "total_filtered": received - kept,
        "active_in_window": live.window.histogram.n_amounts,
        "mempool": len(live.mempool.tracked),
        "events_missed": live.mempool.events_missed,
        "resyncs": live.mempool.resyncs,
        "uptime_seconds": round(now - started_at, 1),
    }


def transactions(points: Sequence[Point]) -> list[dict[str, float]]:
    """Points for a message: times rounded to milliseconds, prices to cents."""
    return [{"timestamp": round(at, 3), "price": round(usd, 2)} for at, usd in thinned(points, MOST_POINTS)]


def thinned(points: Sequence[Point], most: int) -> Iterable[Point]:
    """At most `most` of the points, evenly spaced."""
    if len(points) <= most:
        return points
    return (points[number * len(points) // most] for number in range(most))
