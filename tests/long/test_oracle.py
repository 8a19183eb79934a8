"""The oracle's figures, its day in minutes, and how much of it the tests reach."""

from __future__ import annotations

import pytest

from tests.long.scripts import run


@pytest.mark.parametrize("bench", ["parse", "estimate", "window", "flood", "samples"])
def test_a_bench_of_the_oracle_meets_its_goal(bench: str) -> None:
    run(f"tests.bench.oracle_{bench}")


def test_a_thousand_listeners_are_told_in_time_and_the_curve_goes_on_to_five_thousand() -> None:
    assert "5000 clients" in run("tests.bench.oracle_ws", "--curve")


def test_forty_days_are_met_by_weights_that_never_saw_them() -> None:
    printed = run("tests.bench.oracle_backtest")
    for baseline in ("flat median", "recent median", "local linear", "days kept out"):
        assert baseline in printed


def test_a_day_of_payments_and_accidents_leaves_no_drift_and_no_growth() -> None:
    run("tests.long.oracle_day")


def test_nine_tenths_of_the_oracle_are_reached_by_its_tests() -> None:
    run("tests.long.oracle_coverage")
