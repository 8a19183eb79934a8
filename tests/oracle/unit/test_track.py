"""Evidence for and against, the landscape of prices, and the filter that follows one through time."""

from __future__ import annotations

import numpy as np
import pytest
from oracle.estimate import MIN_EACH, MIN_EVIDENCE, State, estimate_price
from oracle.evidence import around, correlate, from_histogram, occupied
from oracle.grid import STEP, Floats, log_at
from oracle.histogram import SPAN, SlidingHistogram
from oracle.locate import APART, Landscape, survey
from oracle.track import Belief, follow, path
from oracle.weights import Weights

PRICE = 60_000.0
GRID = log_at(np.arange(-500, 500))


def paid(price: float, usd: tuple[float, ...], n: int, background: int, seed: int = 5) -> SlidingHistogram:
    """`n` payments of each amount at the price, over an even background of other amounts."""
    random = np.random.default_rng(seed)
    round_dollars = [u / price * 1e8 * np.exp(random.normal(0, 4e-4, n)) for u in usd]
    others = np.exp(random.uniform(np.log(2_000), np.log(5e7), background))
    amounts = np.round(np.concatenate([*round_dollars, others])).astype(np.int64)
    histogram = SlidingHistogram()
    histogram.add(amounts, np.zeros(len(amounts)))
    return histogram


def bell(centre: float, height: float) -> Floats:
    return np.asarray(height * np.exp(-(((GRID - centre) / 0.001) ** 2)))


def test_correlation_is_the_sum_of_counts_weighted_by_the_shape() -> None:
    counts = np.array([[0.0, 1, 0, 2, 0, 0], [1.0, 1, 1, 1, 1, 1]])
    shape = np.array([1.0, 10, 100])
    assert correlate(counts, shape) == pytest.approx(np.array([[10, 201, 20, 2], [111] * 4]))


def test_the_mean_around_a_place_counts_it_and_its_neighbours() -> None:
    assert around(np.array([[3.0, 0, 0, 6, 0]]), 1).tolist() == [[1, 2, 2]]


def test_little_is_left_of_an_excess_where_most_satoshis_are_taken() -> None:
    left = occupied(10.0, np.array([1e-6, 0.05, 0.5, 0.97]))
    assert left[0] == pytest.approx(10, rel=1e-3)
    assert left[2] == pytest.approx(1, rel=1e-2)
    assert list(left) == sorted(left, reverse=True)
    assert left[3] > 0


def test_amounts_that_are_missing_speak_against_a_price(weights: Weights) -> None:
    without_hundred = tuple(u for u in weights.usd if u != 100.0)
    evidence = []
    for usd in (weights.usd, without_hundred):
        histogram = paid(PRICE, usd, 30, 20_000)
        rows, _ = histogram.slices()
        grid, found = from_histogram(histogram, rows, int(np.log(PRICE) / STEP), weights, 1.0)
        evidence.append(found[0])
        assert abs(grid[found[0].argmax()] - np.log(PRICE)) < 0.002
    assert evidence[0].max() > evidence[1].max()
    assert evidence[0].mean() < 0


@pytest.mark.promise("Amounts without meaning give no price (`no_signal`)", runs="ci")
@pytest.mark.parametrize("n", [100, 2_000, 50_000])
def test_payments_of_anything_give_no_price(weights: Weights, n: int) -> None:
    histogram = paid(PRICE, (), 0, n)
    rows, _ = histogram.slices()
    assert survey(histogram.total(rows), weights).evidence.max() < max(MIN_EVIDENCE, MIN_EACH * n)
    assert estimate_price(histogram, 0, weights, PRICE).state is State.NO_SIGNAL


def test_a_rival_is_the_best_price_elsewhere() -> None:
    logs = np.log(np.array([100.0, 100.5, 105.0, 200.0]))
    landscape = Landscape(logs, np.array([50.0, 49.0, 45.0, 40.0]), np.ones(4))
    assert landscape.rival(float(logs[0])) == pytest.approx((105, 5))
    assert landscape.rival(float(logs[3])) == pytest.approx((100, -10))
    assert abs(logs[1] - logs[0]) < APART


def test_a_window_so_full_that_every_small_satoshi_is_taken_still_tells_its_octave(weights: Weights) -> None:
    histogram = paid(70_000, weights.usd, 4_000, 100_000)
    answer = estimate_price(histogram, 0, weights)
    assert answer.price == pytest.approx(70_000, rel=1e-3)
    assert answer.state is State.OK


def test_quantiles_lie_between_grid_points() -> None:
    belief = Belief(np.array([1.0, 2.0, 3.0]), np.array([0.25, 0.5, 0.25]))
    assert belief.quantile(0.0, 0.25, 0.5, 0.75, 1.0) == pytest.approx([0.5, 1.5, 2, 2.5, 3.5])


def test_the_filter_ends_where_the_evidence_went(weights: Weights) -> None:
    centres = np.linspace(-0.02, 0.03, 30)
    evidence = np.array([bell(c, 60) for c in centres])
    times = np.linspace(0.0, 8_700.0, 30)
    belief = follow(GRID, evidence, times, times[-1], weights.motion)
    assert belief.probability.sum() == pytest.approx(1)
    low, middle, high = belief.quantile(0.05, 0.5, 0.95)
    assert middle == pytest.approx(0.03, abs=0.001)
    assert low < 0.03 < high
    assert path(GRID, evidence, times, weights.motion) == pytest.approx(centres, abs=0.0015)


@pytest.mark.promise("The interval widens with old evidence and in a restless market", runs="ci")
def test_a_restless_market_has_a_wider_interval_and_forgets_it(weights: Weights) -> None:
    def width(centres: Floats) -> float:
        times = np.linspace(0.0, 300.0 * (len(centres) - 1), len(centres))
        evidence = np.array([bell(c, 60) for c in centres])
        low, high = follow(GRID, evidence, times, times[-1] + 600, weights.motion).quantile(0.05, 0.95)
        return high - low

    calm = np.zeros(30)
    restless = np.where(np.arange(30) % 2, 0.006, 0.0)
    calmed = np.concatenate([restless, np.full(90, restless[-1])])
    assert width(restless) > 2 * width(calm)
    assert width(calmed) < 1.2 * width(calm)


def test_evidence_is_not_believed_twice_as_much_for_coming_twice_as_late(weights: Weights) -> None:
    evidence, times = bell(0.0, 60)[None, :], np.array([0.0])
    widths = [
        np.diff(follow(GRID, evidence, times, now, weights.motion).quantile(0.05, 0.95))[0] for now in (0, 1800, SPAN)
    ]
    assert widths == sorted(widths)
    assert widths[2] > 2 * widths[0]
