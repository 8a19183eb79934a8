"""Replay published days hour by hour and compare every answer with the exchange's price.

Estimates never use the true price, except once per day: the close of the hour before midnight is the first prior.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np

from oracle.estimate import Estimate, estimate_points
from oracle.grid import Floats
from oracle.points import HOUR, Day
from oracle.weights import Weights

ALPHA = 0.1  # of the interval: it should miss the truth in one of ten cases


@dataclass(frozen=True)
class Case:
    """The estimate for the end of a window (unix s), and the close of the window's last hour if it is known."""

    end: int
    estimate: Estimate
    truth: float | None

    @property
    def hour(self) -> str:
        """The window's end, `2024-02-07T03:00Z`."""
        return datetime.fromtimestamp(self.end, UTC).strftime("%Y-%m-%dT%H:%MZ")


def replay_day(day: Day, truth: Mapping[int, float], weights: Weights) -> list[Case]:
    """The 22 answers of one day, 03:00 to 24:00; none if the opening price is missing."""
    prior = truth.get(day.start - HOUR)
    cases: list[Case] = []
    if prior is None:
        return cases
    for end in range(day.start + 3 * HOUR, day.start + 25 * HOUR, HOUR):
        answer = estimate_points(day.price, day.time, end, weights, prior)
        prior = answer.price or prior
        cases.append(Case(end, answer, truth.get(end - HOUR)))
    return cases


@dataclass(frozen=True)
class Report:
    """Errors in percent of the true price, over the answers that have both prices."""

    median_error: float
    p90_error: float
    coverage: float  # share of truths inside the interval, 0 to 1
    mean_width: float  # of the interval, percent of the price
    interval_score: float  # mean, percent: width plus 2 / alpha times the distance outside; smaller is better
    constant_score: float  # the score of price +- x % with the best single x, chosen in hindsight


def score(low: Floats, high: Floats, truth: Floats) -> Floats:
    """Interval score of Gneiting and Raftery (2007, eq. 43) for a central interval of 1 - `ALPHA`."""
    return (high - low) + 2 / ALPHA * (np.maximum(low - truth, 0) + np.maximum(truth - high, 0))


def judge(cases: Iterable[Case]) -> Report | None:
    """Compare answers with the truth; None if no case has both."""
    rows = [
        (c.estimate.price, c.estimate.low, c.estimate.high, c.truth)
        for c in cases
        if c.estimate.price is not None and c.truth is not None
    ]
    if not rows:
        return None
    price, low, high, truth = np.array(rows, dtype=np.float64).T
    error = np.abs(price / truth - 1) * 100
    low, high = (low / truth - 1) * 100, (high / truth - 1) * 100
    middle = (price / truth - 1) * 100
    constant = min(float(score(middle - x, middle + x, np.zeros_like(middle)).mean()) for x in np.arange(0.1, 5, 0.02))
    return Report(
        median_error=float(np.median(error)),
        p90_error=float(np.quantile(error, 0.9)),
        coverage=float(((low <= 0) & (high >= 0)).mean()),
        mean_width=float((high - low).mean()),
        interval_score=float(score(low, high, np.zeros_like(low)).mean()),
        constant_score=constant,
    )
