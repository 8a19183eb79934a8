"""What the current price is based on: counts, peaks and the histogram."""

from __future__ import annotations

from typing import Any

import numpy as np

from oracle.grid import SATS_PER_BTC, STEP, Ints
from oracle.histogram import FIRST, SPAN
from oracle.live.answer import Answer, Market
from oracle.live.core import Live
from oracle.locate import APART, survey
from oracle.parse import Verdict
from oracle.web import messages

SHOWN_BINS = 100
"""Fine bins per shown bin, which is 2 % wide."""
PEAKS = 5


def histogram(live: Live, answer: Answer) -> dict[str, Any]:
    """Different amounts of the window by size, and the positions of round dollar amounts at the current price.

    `sats` are the lower edges of the shown bins (each 2 % wide), `count` the number of amounts in each.
    """
    total = _total(live)
    shown = total[: len(total) // SHOWN_BINS * SHOWN_BINS].reshape(-1, SHOWN_BINS).sum(axis=1)
    edges = np.exp((FIRST + np.arange(len(shown)) * SHOWN_BINS) * STEP)
    filled = np.flatnonzero(shown)
    inside = slice(filled[0], filled[-1] + 1) if len(filled) else slice(0, 0)
    return {
        "sats": np.round(edges[inside], 1).tolist(),
        "count": shown[inside].tolist(),
        "usd": [] if answer.price is None else _marks(live, answer.price),
        "window_s": SPAN,
        **messages.price(answer),
    }


def _total(live: Live) -> Ints:
    """Counts of every fine bin over the whole window."""
    rows, _ = live.window.histogram.slices()
    return live.window.histogram.total(rows)


def _marks(live: Live, price: float) -> list[dict[str, float]]:
    return [{"usd": usd, "sats": round(usd / price * SATS_PER_BTC, 1)} for usd in live.weights.usd]


def basis(live: Live, answer: Answer, history_fault: str) -> dict[str, Any]:
    """Everything behind the current answer."""
    window, mempool = live.window, live.mempool
    return {
        **messages.price(answer),
        "filter": {verdict.name.lower(): window.verdicts[verdict] for verdict in Verdict},
        "window": {
            "seconds": SPAN,
            "different_amounts": window.histogram.n_amounts,
            "transactions": len(window.ids),
            "may_be_taken_back": len(window.kept),
        },
        "peaks": [] if live.market is Market.NONE else peaks(live),
        "prior": live.prior,
        "mempool": {
            "transactions": len(mempool.tracked),
            "bytes_unknown": len(mempool.missing),
            "exact": mempool.exact,
            "lost": mempool.lost,
            "sequence": mempool.expected,
            "events_missed": mempool.events_missed,
            "resyncs": mempool.resyncs,
            "malformed": mempool.malformed,
        },
        "node": {"ready": live.ready, "reason": live.reason},
        "history": {"written": not history_fault, "reason": history_fault},
    }


def peaks(live: Live) -> list[dict[str, float]]:
    """The prices that explain the payments best, at least 1.5 % apart, best first; evidence in nats."""
    landscape = survey(_total(live), live.weights)
    evidence, found = landscape.evidence.copy(), []
    for _ in range(PEAKS):
        best = int(evidence.argmax())
        if evidence[best] <= 0:
            break
        found.append({"price": round(float(np.exp(landscape.log_price[best])), 2), "evidence": float(evidence[best])})
        evidence[np.abs(landscape.log_price - landscape.log_price[best]) <= APART] = 0.0
    return found
