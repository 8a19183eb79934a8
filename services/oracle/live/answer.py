"""The oracle's answer at one time."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from oracle.estimate import Estimate, State


class Market(StrEnum):
    """Whether coins of this chain have a price in dollars."""

    REAL = "real"
    SYNTHETIC = "synthetic"
    """A generator pays at a price of its own, in the sandbox or on regtest."""
    NONE = "none"


@dataclass(frozen=True)
class Answer:
    """A price in USD per BTC with its 90 % interval, or why there is none."""

    at: float
    """Time of the answer, unix s."""
    price: float | None
    low: float | None
    high: float | None
    confidence: float
    """Probability that the price is within 1 % of the true one, 0 to 1."""
    state: State
    reason: str
    n_points: int
    """Payments whose implied price is within 2 % of the price."""
    market: Market
    as_of: float | None
    """Time of the estimate, unix s; None without a price, older than `at` if stale."""


def of_estimate(estimate: Estimate, market: Market, at: float) -> Answer:
    """The answer of an estimate at its own time, rounded to cents."""
    return Answer(
        at=at,
        price=_cents(estimate.price),
        low=_cents(estimate.low),
        high=_cents(estimate.high),
        confidence=round(estimate.confidence, 4),
        state=estimate.state,
        reason=estimate.reason,
        n_points=estimate.n_points,
        market=market,
        as_of=at if estimate.price is not None else None,
    )


def without_price(state: State, reason: str, market: Market, at: float) -> Answer:
    """An answer without a price."""
    return Answer(at, None, None, None, 0.0, state, reason, 0, market, None)


def _cents(usd: float | None) -> float | None:
    return None if usd is None else round(usd, 2)
