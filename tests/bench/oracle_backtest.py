"""Accuracy on days that were not fitted, beside three simple baselines, and the stored weights rebuilt.

    python -m tests.bench.oracle_backtest [--data DIR] [--folds 5]    (DIR holds points/*.npz and hourly_truth.csv)

The days go round into folds; each fold is replayed with weights fitted on all others. Then `python -m oracle.fit DIR`
is held against the stored weights, when DIR holds the days that these name. The folds take minutes.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from oracle.backtest import Case, Report, judge, replay_day
from oracle.fit import fit_weights, split
from oracle.points import HOUR, Day, read_days, read_hours
from oracle.weights import FILE, Weights, dump, load

from tests.bench import common
from tests.bench.oracle_baselines import BASELINES, Baseline


def cross_validated(days: Sequence[Day], hours: Mapping[int, float], folds: int) -> list[Case]:
    cases = []
    for k in range(folds):
        weights = fit_weights([day for i, day in enumerate(days) if i % folds != k], hours)
        cases += [case for day in days[k::folds] for case in replay_day(day, hours, weights)]
    return cases


def baseline_errors(days: Sequence[Day], hours: Mapping[int, float], baseline: Baseline) -> list[float]:
    """Errors in per cent of the same hours, each hour starting from the answer before."""
    errors = []
    for day in days:
        prior = hours[day.start - HOUR]
        for end in range(day.start + 3 * HOUR, day.start + 25 * HOUR, HOUR):
            inside = (day.time >= end - 3 * HOUR) & (day.time < end)
            if inside.sum() >= 50 and end - HOUR in hours:
                prior = baseline(day.price[inside], (end - day.time[inside]) / HOUR, prior)
                errors.append(abs(prior / hours[end - HOUR] - 1) * 100)
    return errors


def row(name: str, median: float, p90: float) -> str:
    return f"{name}: median {median:.4f} %, 90th percentile {p90:.3f} %"


def rebuilt(days: Sequence[Day], hours: Mapping[int, float], stored: Weights) -> bool | None:
    """Whether fitting gives the stored weights again; None when these are other days."""
    fitted, kept_out = split(days)
    if tuple(day.name for day in fitted) != stored.days:
        return None
    return dump(fit_weights(fitted, hours, kept_out)) == FILE.read_text()


def main() -> int:
    parser = common.options(__doc__ or "", n=1, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=common.CHECKOUT / "tests" / "data" / "oracle")
    parser.add_argument("--folds", type=int, default=5, help="0: replay with the stored weights only")
    arguments = parser.parse_args()
    days, hours = read_days(arguments.data / "points"), read_hours(arguments.data / "hourly_truth.csv")
    stored = load()
    with_stored = judge(case for day in days for case in replay_day(day, hours, stored))
    kept_out = judge(case for day in days if day.name in stored.kept_out for case in replay_day(day, hours, stored))
    crossed = judge(cross_validated(days, hours, arguments.folds)) if arguments.folds else with_stored
    if with_stored is None or crossed is None:
        sys.exit("None of these days can be judged.")
    details = {name: row("", *_quantiles(baseline_errors(days, hours, b)))[2:] for name, b in BASELINES.items()}
    details["stored weights, all days"] = _words(with_stored)
    if kept_out is not None:
        details["stored weights, days kept out"] = _words(kept_out)
    figures = [
        common.Figure("median error", crossed.median_error, 0.125, "%"),
        common.Figure("90th percentile of the error", crossed.p90_error, 0.5, "%"),
        common.Figure("coverage, not below", crossed.coverage, 0.86, "", at_most=False),
        common.Figure("coverage, not above", crossed.coverage, 0.94, ""),
        common.Figure("interval score / best constant one", crossed.interval_score / crossed.constant_score, 1, ""),
    ]
    equal = rebuilt(days, hours, stored)
    if equal is not None:
        figures.append(common.Figure("stored weights rebuilt equal", float(equal), 1, "", at_most=False))
    return common.report(figures, details, as_json=arguments.json)


def _quantiles(errors: Sequence[float]) -> tuple[float, float]:
    return float(np.median(errors)), float(np.quantile(errors, 0.9))


def _words(report: Report) -> str:
    return (
        f"median {report.median_error:.4f} %, 90th percentile {report.p90_error:.3f} %, covered {report.coverage:.1%}"
    )


if __name__ == "__main__":
    sys.exit(main())
