"""The sliding window of different amounts."""

from __future__ import annotations

from random import Random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from oracle.grid import bin_of
from oracle.histogram import FIRST, LAST, SLICE, SPAN, SlidingHistogram, is_round

NOW = 1_700_000_000.0
PAYMENTS = st.lists(
    st.tuples(st.integers(1_001, 1_060).map(lambda n: n * 997), st.integers(0, 2 * SPAN).map(lambda s: NOW + s)),
    max_size=60,
)


def fed(payments: list[tuple[int, float]]) -> SlidingHistogram:
    histogram = SlidingHistogram()
    give(histogram, payments)
    return histogram


def give(histogram: SlidingHistogram, payments: list[tuple[int, float]]) -> None:
    histogram.add(np.array([a for a, _ in payments], dtype=np.int64), np.array([t for _, t in payments], dtype=float))


def take(histogram: SlidingHistogram, payments: list[tuple[int, float]]) -> None:
    amounts = np.array([a for a, _ in payments], dtype=np.int64)
    histogram.remove(amounts, np.array([t for _, t in payments], dtype=float))


def content(histogram: SlidingHistogram) -> tuple[list[float], list[list[int]]]:
    rows, times = histogram.slices()
    return times.tolist(), [np.flatnonzero(histogram.counts(rows, FIRST, LAST)[k]).tolist() for k in range(len(rows))]


def test_an_amount_counts_once_when_it_first_came() -> None:
    histogram = fed([(123_457, NOW + 2 * SLICE), (123_457, NOW), (123_457, NOW + SLICE)])
    rows, times = histogram.slices()
    assert times.tolist() == [NOW]
    assert histogram.total(rows).sum() == histogram.n_amounts == 1


def test_what_comes_again_takes_over_when_the_first_leaves() -> None:
    histogram = fed([(123_457, NOW), (123_457, NOW + SPAN)])
    histogram.advance(NOW + SPAN + 2 * SLICE)
    assert histogram.slices()[1].tolist() == [NOW + SPAN]
    histogram.advance(NOW + 3 * SPAN)
    assert histogram.n_amounts == 0
    assert len(histogram.slices()[0]) == 0


@settings(deadline=None)
@given(PAYMENTS, st.randoms(use_true_random=False))
def test_the_order_of_payments_does_not_matter(payments: list[tuple[int, float]], random: Random) -> None:
    shuffled = random.sample(payments, len(payments))
    one_by_one = SlidingHistogram()
    for payment in shuffled:
        give(one_by_one, [payment])
    assert content(one_by_one) == content(fed(payments))


@pytest.mark.promise("The histogram is incremental: removing a payment leaves the state without it", runs="ci")
@settings(deadline=None)
@given(PAYMENTS, PAYMENTS)
def test_taking_back_leaves_what_would_have_been(stay: list[tuple[int, float]], leave: list[tuple[int, float]]) -> None:
    histogram = fed(stay + leave)
    take(histogram, leave)
    expected = fed(stay)
    newest = max((t for _, t in stay + leave), default=NOW)
    expected.advance(newest)
    assert content(histogram) == content(expected)


def test_what_came_again_and_was_taken_back_does_not_take_over() -> None:
    histogram = fed([(123_457, NOW), (123_457, NOW + SPAN), (7_777, NOW + SPAN)])
    take(histogram, [(123_457, NOW + SPAN)])
    assert histogram.n_amounts == 2
    histogram.advance(NOW + SPAN + 2 * SLICE)
    assert histogram.n_amounts == 1
    histogram.advance(NOW + 3 * SPAN)
    assert histogram.n_amounts == 0


@pytest.mark.promise("The window is three hours by entry time", runs="ci")
@settings(deadline=None)
@given(PAYMENTS)
def test_the_window_holds_what_is_not_older_than_its_span(payments: list[tuple[int, float]]) -> None:
    histogram = fed(payments)
    newest = max((t for _, t in payments), default=NOW)
    inside = {a for a, t in payments if t // SLICE > newest // SLICE - SPAN // SLICE - 1}
    assert histogram.n_amounts == len(inside)


def test_what_was_never_added_cannot_be_taken_back() -> None:
    histogram = fed([(123_457, NOW)])
    take(histogram, [(123_457, NOW + 1), (7_777, NOW)])
    assert histogram.n_amounts == 1


@pytest.mark.promise("Round BTC amounts do not count", runs="ci")
def test_late_payments_and_round_or_huge_amounts_stay_out() -> None:
    histogram = fed([(123_457, NOW), (7_777, NOW - 2 * SPAN), (100_000, NOW), (10**12 + 7, NOW)])
    assert histogram.n_amounts == 1
    give(histogram, [(300_000, NOW)])
    assert histogram.n_amounts == 1


def test_time_does_not_run_backwards() -> None:
    histogram = fed([(123_457, NOW + SPAN)])
    histogram.advance(NOW)
    give(histogram, [(7_777, NOW + SPAN)])
    assert histogram.n_amounts == 2


def test_counts_outside_the_histogram_are_zero() -> None:
    histogram = fed([(123_457, NOW)])
    rows, _ = histogram.slices()
    place = int(bin_of(np.array([123_457]))[0])
    assert histogram.counts(rows, place, place + 2).tolist() == [[1, 0]]
    assert histogram.counts(rows, FIRST - 5, FIRST + 5).tolist() == [[0] * 10]
    assert histogram.counts(rows, LAST + 1, LAST + 4).tolist() == [[0] * 3]


def test_the_newest_slices_are_as_many_as_it_takes() -> None:
    histogram = fed([(1_001 + 7 * n, NOW + SLICE * (n // 10)) for n in range(50)])
    assert [len(histogram.newest(enough)) for enough in (1, 10, 11, 50, 1000)] == [1, 1, 2, 5, 5]
    assert histogram.total(histogram.newest(11)).sum() == 20


@pytest.mark.parametrize("sats", [1_200, 5_000, 10_000, 990_000, 1_000_000, 12_500_000, 123_000_000, 1_230_000])
def test_round_amounts_of_bitcoin_are_told(sats: int) -> None:
    assert is_round(np.array([sats]))[0]


@pytest.mark.parametrize("sats", [1_234, 12_340, 99_999, 123_400, 1_234_000, 100_001, 12_345_678, 10_010])
def test_other_amounts_are_not_round(sats: int) -> None:
    assert not is_round(np.array([sats]))[0]
