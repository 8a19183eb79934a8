"""What the oracle says at one moment."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from oracle.estimate import Estimate, State


class Market(StrEnum):
    """Whether payments on this chain are worth dollars."""

    REAL = "real"
    SYNTHETIC = "synthetic"
    """A generator pays at a price of its own: the sandbox, or ours on regtest."""
    NONE = "none"


@dataclass(frozen=True)
class Answer:
    """A price in USD per BTC with its 90 % interval, or why there is none."""

    at: float
    """Unix s that it was given."""
    price: float | None
    low: float | None
    high: float | None
    confidence: float
    """Probability that the price is within 1 % of the true one, 0 to 1."""
    state: State
    reason: str
    n_points: int
    """Payments whose implied price lies within 2 % of the price."""
    market: Market
    as_of: float | None
    """Unix s of the estimate, None without a price; older than `at` when stale."""


def fresh(estimate: Estimate, market: Market, at: float) -> Answer:
    """The answer that an estimate gives at its own time. Dollars to the cent."""
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


def without(state: State, reason: str, market: Market, at: float) -> Answer:
    """No number at all."""
    return Answer(at, None, None, None, 0.0, state, reason, 0, market, None)


def _cents(usd: float | None) -> float | None:
    return None if usd is None else round(usd, 2)
