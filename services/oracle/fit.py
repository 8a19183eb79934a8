"""Fit the weights to published days: `python -m oracle.fit DIR` prints the content of `weights.json`.

DIR contains `points/YYYY-MM-DD.npz` and `hourly_truth.csv`. Every fifth day is held out. The fit determines, in this
order: the shape of the peak around the price, the contrast of each amount, the position of the exchange's price in the
peak, and how the price moves.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from oracle.attribution import counts_by_amount
from oracle.backtest import judge, replay_day
from oracle.errors import EXIT_FAILED, EXIT_USAGE, OracleError
from oracle.estimate import window_of_points
from oracle.grid import STEP, Floats
from oracle.points import HOUR, Day, read_days, read_hours
from oracle.track import path
from oracle.weights import Motion, Weights, dump

USD = (
    5.0,
    10.0,
    15.0,
    20.0,
    25.0,
    30.0,
    40.0,
    50.0,
    100.0,
    150.0,
    200.0,
    300.0,
    500.0,
    1000.0,
)  # those of the published points
KEEP_OUT = 5  # every fifth day
OFFSETS = (
    np.array(
        [-300, -200, -140, -100, -70, -50, -35, -25, -15, -10, -5, 0, 5, 10, 15, 25, 35, 50, 70, 100, 140, 200, 300]
    )
    * 1e-4
)
FAR = (0.02, 0.05)  # log distance of the surroundings; published points cover at least 5 %
CORE = 0.0015  # log distance within which a point belongs to the peak

# Initial values, without influence on the result: a triangle for the peak, and walks for calm to volatile hours.
FIRST_SHAPE = np.interp(np.abs(OFFSETS), [0, 0.003], [2.5, 0.0])
SHARES = (0.1, 0.3, 0.4, 0.2)
MEMORY = 0.95
START = Motion(speeds=(0.0015, 0.003, 0.006, 0.012), shares=SHARES, memory=MEMORY, temper=0.3, lag=600.0)
TEMPERS = (0.2, 0.3, 0.4)
SLOWEST = (0.0007, 0.001, 0.0014, 0.002)  # each speed is twice the previous one
LAGS = tuple(range(300, 1201, 60))  # s
COVERAGE = 0.9


def split(days: Sequence[Day]) -> tuple[list[Day], list[Day]]:
    """Days for the fit, and held-out days: every fifth by date."""
    kept_out = list(days[KEEP_OUT - 1 :: KEEP_OUT])
    return [day for day in days if day not in kept_out], kept_out


def fit_weights(days: Sequence[Day], truth: Mapping[int, float], kept_out: Sequence[Day] = ()) -> Weights:
    """Fit all weights to `days`; `kept_out` is only recorded. Raises OracleError without enough hourly prices."""
    weights = Weights(
        usd=USD,
        contrast=(1.0,) * len(USD),
        offsets=tuple(float(x) for x in OFFSETS),
        shape=tuple(float(x) for x in FIRST_SHAPE),
        motion=START,
        days=tuple(day.name for day in days),
        kept_out=tuple(day.name for day in kept_out),
    )
    for _ in range(2):  # the first shape gives the path of the price; the second is measured along it
        found = [r for day in days for r in residuals(day, truth, weights)]
        if not found:
            raise OracleError("The exchange's price of the hour before is missing for all of these days.")
        price = np.concatenate([r.price for r in found])
        distance = np.concatenate([r.distance for r in found])
        weights = replace(weights, shape=_rounded(_shape(distance)))
    weights = replace(weights, contrast=_rounded(_contrast(price, distance, weights)))
    weights = replace(weights, offsets=_rounded(OFFSETS + _bias(days, truth, weights)))
    return replace(weights, motion=_motion(days, truth, weights))


@dataclass(frozen=True)
class Residuals:
    price: Floats  # USD per BTC, as implied
    distance: Floats  # log of (implied price / price at that time)


def residuals(day: Day, truth: Mapping[int, float], weights: Weights) -> list[Residuals]:
    """The distance of the points of each hour from the path of the price."""
    found: list[Residuals] = []
    prior = truth.get(day.start - HOUR)
    if prior is None:
        return found
    for end in range(day.start + 3 * HOUR, day.start + 25 * HOUR, HOUR):
        window = window_of_points(day.price, day.time, end, weights, prior)
        if window is None:
            continue
        middle = path(window.log_price, window.evidence, window.times, weights.motion)
        prior = float(np.exp(middle[-1]))
        hour = (day.time >= end - HOUR) & (day.time < end)
        # Each price once per block. Once per window, as in the estimate, would thin out small amounts.
        price, time = np.unique(np.stack([day.price[hour], day.time[hour]]), axis=1)
        found.append(Residuals(price, np.log(price) - np.interp(time, window.times, middle)))
    return found


def _shape(distance: Floats) -> Floats:
    """Log of the density at `OFFSETS` over the density far away, which is 0 at both ends."""
    edges = np.concatenate(([OFFSETS[0] - 0.005], (OFFSETS[1:] + OFFSETS[:-1]) / 2, [OFFSETS[-1] + 0.005]))
    density = np.histogram(distance, edges)[0] / np.diff(edges)
    far = ((np.abs(distance) > FAR[0]) & (np.abs(distance) < FAR[1])).sum() / (2 * (FAR[1] - FAR[0]))
    shape = np.log(np.maximum(density / far, 1.0))
    shape[[0, -1]] = 0.0
    return np.asarray(shape)


def _contrast(price: Floats, distance: Floats, weights: Weights) -> Floats:
    """Log of (1 + excess density at the top of the peak over the density around), by amount."""
    usd = np.array(weights.usd)
    inside = counts_by_amount(price[np.abs(distance) < CORE], usd) / (2 * CORE)
    outside = counts_by_amount(price[(np.abs(distance) > FAR[0]) & (np.abs(distance) < FAR[1])], usd) / (
        2 * (FAR[1] - FAR[0])
    )
    core = np.expm1(np.interp(np.arange(-CORE, CORE, STEP / 4), weights.offsets, weights.shape))
    top_over_core = np.expm1(max(weights.shape)) / core.mean()
    excess = np.maximum(inside / np.maximum(outside, 1.0) - 1, 0)
    return np.asarray(np.log1p(excess * top_over_core))


def _bias(days: Sequence[Day], truth: Mapping[int, float], weights: Weights) -> float:
    """Median of log (answer / truth): where in the peak the exchange's price lies cannot be seen from payments."""
    cases = [case for day in days for case in replay_day(day, truth, weights)]
    return float(np.median([np.log(c.estimate.price / c.truth) for c in cases if c.estimate.price and c.truth]))


def _motion(days: Sequence[Day], truth: Mapping[int, float], weights: Weights) -> Motion:
    """The temper and speeds with the best interval score, then the shortest lag whose intervals cover enough."""

    def report(motion: Motion) -> tuple[float, float]:
        judged = judge(case for day in days for case in replay_day(day, truth, replace(weights, motion=motion)))
        if judged is None:
            raise OracleError("None of these days has hourly prices to compare with.")
        return judged.interval_score, judged.coverage

    candidates = [
        replace(START, temper=temper, speeds=tuple(slowest * 2**k for k in range(len(SHARES))))
        for temper in TEMPERS
        for slowest in SLOWEST
    ]
    best = min(candidates, key=lambda motion: report(motion)[0])
    enough = [replace(best, lag=float(lag)) for lag in LAGS]
    low, high = 0, len(LAGS) - 1
    while low < high:  # coverage grows with the lag
        middle = (low + high) // 2
        if report(enough[middle])[1] >= COVERAGE:
            high = middle
        else:
            low = middle + 1
    return enough[low]


def _rounded(values: Floats) -> tuple[float, ...]:
    return tuple(float(x) for x in np.round(values, 4))


def main(arguments: Sequence[str]) -> int:
    """Fit the weights to the data of a folder and print them; 0, or an exit code with one sentence on stderr."""
    if len(arguments) != 1:
        sys.stderr.write("usage: python -m oracle.fit DIR    (DIR/points/*.npz and DIR/hourly_truth.csv)\n")
        return EXIT_USAGE
    folder = Path(arguments[0])
    try:
        days, kept_out = split(read_days(folder / "points"))
        sys.stdout.write(dump(fit_weights(days, read_hours(folder / "hourly_truth.csv"), kept_out)))
    except OracleError as error:
        sys.stderr.write(f"{error.message} {error.hint}\n")
        return EXIT_FAILED
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
