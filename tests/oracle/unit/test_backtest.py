"""Published days against the exchange, and what the truth may and may not touch."""

from __future__ import annotations

import numpy as np
import pytest
from oracle.backtest import judge, replay_day, score
from oracle.estimate import State
from oracle.points import HOUR, Day
from oracle.weights import Weights


@pytest.mark.promise("Removing any hour, except those before a midnight, changes no estimate", runs="ci")
def test_removing_any_hour_but_those_before_a_midnight_leaves_every_answer_as_it_was(
    days: list[Day], hours: dict[int, float], weights: Weights
) -> None:
    day = days[0]
    opening = {day.start - HOUR: hours[day.start - HOUR]}
    with_truth = replay_day(day, hours, weights)
    without = replay_day(day, opening, weights)
    absurd = replay_day(day, dict.fromkeys(hours, 1.0) | opening, weights)
    assert [case.estimate for case in without] == [case.estimate for case in with_truth]
    assert [case.estimate for case in absurd] == [case.estimate for case in with_truth]
    assert all(case.truth is None for case in without)
    assert judge(without) is None


@pytest.mark.promise("`backtest` gives 22 answers a day, from 03:00 to 24:00", runs="ci")
def test_a_day_has_22_answers_from_three_in_the_morning_to_midnight(
    days: list[Day], hours: dict[int, float], weights: Weights
) -> None:
    cases = replay_day(days[0], hours, weights)
    assert len(cases) == 22
    assert cases[0].hour == f"{days[0].name}T03:00Z"
    assert cases[-1].hour.endswith("T00:00Z")
    assert cases[0].truth == hours[days[0].start + 2 * HOUR]


def test_a_day_without_its_opening_price_has_none(days: list[Day], weights: Weights) -> None:
    assert replay_day(days[0], {}, weights) == []


def test_six_days_are_met_closely_and_covered(days: list[Day], hours: dict[int, float], weights: Weights) -> None:
    cases = [case for day in days for case in replay_day(day, hours, weights)]
    report = judge(cases)
    assert report is not None
    assert report.median_error < 0.15
    assert report.p90_error < 0.6
    assert 0.8 < report.coverage < 0.99
    assert report.interval_score < report.constant_score
    assert {case.estimate.state for case in cases} <= {State.OK, State.WIDE}


def test_an_interval_pays_for_its_width_and_twentyfold_for_what_it_misses() -> None:
    truth = np.array([5.0, 9.0, 1.0])
    assert score(np.full(3, 2.0), np.full(3, 8.0), truth).tolist() == pytest.approx([6, 6 + 20, 6 + 20])
