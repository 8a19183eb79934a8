"""Three simple prices from the published points: what the estimator has to beat. Imported by `oracle_backtest.py`.

Each takes the window's implied prices (USD per BTC), their age in hours and the price before, and returns a price.
They are the project's reference baselines for these days: a flat median of three hours, one weighted by age, and a fit
of level and drift.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from oracle.grid import Floats

Baseline = Callable[[Floats, Floats, float], float]


def weighted_median(values: Floats, weights: Floats) -> float:
    order = np.argsort(values)
    sums = np.cumsum(weights[order])
    return float(values[order][np.searchsorted(sums, sums[-1] / 2)])


def recentred_median(price: Floats, age_h: Floats, prior: float, tau_h: float | None = None) -> float:
    """Weighted median of the points near the centre, recentred up to six times while the band shrinks to 0.4 %."""
    weights = np.ones(len(price)) if tau_h is None else np.exp(-age_h / tau_h)
    centre, band = prior, 0.03
    for _ in range(6):
        near = np.abs(np.log(price / centre)) < band
        if near.sum() < 20:
            break
        found = weighted_median(price[near], weights[near])
        moved = abs(found / centre - 1)
        centre = found if moved >= 1e-6 else centre
        if moved < 1e-6:
            break
        band = max(band * 0.7, 0.004)
    return centre


def recent_median(price: Floats, age_h: Floats, prior: float) -> float:
    """The recentred median with weights that fall to 1/e in 18 minutes."""
    return recentred_median(price, age_h, prior, tau_h=0.3)


def local_linear(price: Floats, age_h: Floats, prior: float) -> float:
    """Drift of the log price by a biweight fit, then the weighted median of the detrended points."""
    logs, weights, slow = np.log(price / prior), np.exp(-age_h / 0.3), np.exp(-age_h / 0.7)
    near = np.abs(logs) < 0.03
    if near.sum() < 30:
        return prior
    level, slope = weighted_median(logs[near], weights[near]), 0.0
    for _ in range(8):
        rest = logs - (level - slope * age_h)
        near = np.abs(rest) < 0.009
        if near.sum() < 30:
            break
        k = (slow * np.clip(1 - (rest / 0.006) ** 2, 0, None) ** 2)[near]
        mass = k.sum()
        if mass <= 0:
            break
        x, y = -age_h[near], logs[near]
        x_mean, y_mean = (k * x).sum() / mass, (k * y).sum() / mass
        slope = (k * (x - x_mean) * (y - y_mean)).sum() / ((k * (x - x_mean) ** 2).sum() + 0.05 * mass)
        level = weighted_median((logs + slope * age_h)[near], weights[near])
    return float(prior * np.exp(level))


BASELINES: dict[str, Baseline] = {
    "flat median": recentred_median,
    "recent median": recent_median,
    "local linear": local_linear,
}
