"""The current price, its uncertainty, and a state that says whether to trust it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum

import numpy as np

from oracle.evidence import from_histogram, from_points
from oracle.grid import STEP, Floats, Ints, usd_bin
from oracle.histogram import SLICE, SPAN, SlidingHistogram
from oracle.locate import Landscape, survey
from oracle.track import Belief, follow
from oracle.weights import Weights

MIN_AMOUNTS = 50  # different amounts (or points); with fewer there is no signal
MIN_EVIDENCE, MIN_EACH = 8.0, 0.0125  # nats, and nats an amount: blur the amounts of block 722010 by 15 %, and 99 in
# 100 draws of 100 to 20,000 of them stay below one or the other near the price; left sharp, they have 0.126 each
SURVEYED = 5000  # newest amounts that are surveyed separately
MIN_LEAD = 20.0  # nats ahead of the next octave, without a prior
OCTAVE_TEMPER = 0.1  # weight of a nat between octaves: the same payments cause the echoes
CONFLICT = 30.0  # nats by which another octave must lead the prior's before the prior is in doubt
PEAK = 0.02  # natural log: beyond this distance it is a different answer
MIN_PEAK = 0.9  # minimum probability of the answer's own peak
WIDE = 0.01  # half the interval divided by the price
CORE, AWAY = 0.003, 0.05  # natural log: the peak itself, and the peak with its surroundings
MAX_SHARE = 0.5  # of the peak's excess from one amount; in the blocks it was tried on the largest has 0.15 to 0.35
CLOSE = 0.01  # natural log: `confidence` is the probability of being this close


class State(StrEnum):
    """Whether to trust an answer. The first four states come from the estimate, the others from the service."""

    OK = "ok"
    WIDE = "wide"
    AMBIGUOUS = "ambiguous"
    NO_SIGNAL = "no_signal"
    STALE = "stale"
    NOT_READY = "not_ready"
    NO_MARKET = "no_market"


@dataclass(frozen=True)
class Estimate:
    """A price in USD per BTC with its 90 % interval; all three are None without a signal."""

    price: float | None
    low: float | None
    high: float | None
    confidence: float  # probability that the price is within 1 % of the true one, 0 to 1
    state: State
    reason: str  # why this state, in words
    n_points: int  # payments whose implied price is within 2 % of the answer


def no_signal(reason: str) -> Estimate:
    """The answer without a price."""
    return Estimate(None, None, None, 0.0, State.NO_SIGNAL, reason, 0)


def estimate_price(histogram: SlidingHistogram, now: float, weights: Weights, prior: float | None = None) -> Estimate:
    """The price at `now` (unix s) from the payments of the window.

    `prior` (USD per BTC) only selects the octave: any value within 5 % of the truth gives the same answer.
    """
    if histogram.n_amounts < MIN_AMOUNTS:
        return no_signal(f"the window has only {histogram.n_amounts} different amounts")
    rows, times = histogram.slices()
    surveyed = _survey(histogram, weights, prior)
    if surveyed is None:
        return no_signal("payments do not cluster around round dollar amounts")
    everywhere, here = surveyed
    best = here.best()
    centre = int(here.log_price[best] / STEP)
    grid, evidence = from_histogram(histogram, rows, centre, weights, float(here.strength[best]))
    belief = follow(grid, evidence, times, now, weights.motion)
    rival, lead = everywhere.rival(float(here.log_price[best]))
    doubted = lead < (MIN_LEAD if prior is None else -CONFLICT)
    answer = belief.quantile(0.5)[0]
    n_points = int(_payments_near(histogram, rows, answer, PEAK, weights).sum())
    if doubted:
        return _answer(belief, n_points, (rival, float(1 / (1 + np.exp(-OCTAVE_TEMPER * lead)))))
    found = _answer(belief, n_points)
    payer = _single_payer(histogram, rows, answer, weights)
    recent_payer = _single_payer(histogram, histogram.newest(SURVEYED), answer, weights)
    if payer is not None and payer == recent_payer and found.state in (State.OK, State.WIDE):
        reason = f"most of the evidence is payments of ${payer:g}, which may come from a single payer"
        return replace(found, state=State.AMBIGUOUS, reason=reason, confidence=found.confidence / 2)
    return found


def _survey(histogram: SlidingHistogram, weights: Weights, prior: float | None) -> tuple[Landscape, Landscape] | None:
    """The landscape of all prices and its part near the prior; None if nothing stands out.

    The whole window has the most evidence, unless the price moved a lot in it: then only the newest amounts agree.
    """
    for rows in (histogram.slices()[0], histogram.newest(SURVEYED)):
        total = histogram.total(rows)
        everywhere = survey(total, weights)
        here = everywhere if prior is None else everywhere.near(prior)
        needed = max(MIN_EVIDENCE, MIN_EACH * int(total.sum()))
        if len(here.evidence) and here.evidence.max() >= needed:
            return everywhere, here
    return None


def _payments_near(histogram: SlidingHistogram, rows: Ints, answer: float, reach: float, weights: Weights) -> Floats:
    """Payments of each round amount whose implied log price is within `reach` of `answer`, shape (amounts,)."""
    first, last = int((answer - reach) / STEP), int((answer + reach) / STEP)
    counts = [histogram.counts(rows, usd_bin(usd) - last, usd_bin(usd) - first).sum() for usd in weights.usd]
    return np.array(counts, dtype=np.float64)


def _single_payer(histogram: SlidingHistogram, rows: Ints, answer: float, weights: Weights) -> float | None:
    """The amount (USD) that alone makes up most of the peak; None if there is none, which is the normal case."""
    peak = _payments_near(histogram, rows, answer, CORE, weights)
    expected = _payments_near(histogram, rows, answer, AWAY, weights) * CORE / AWAY
    excess = np.maximum(peak - expected, 0)
    largest = int(excess.argmax())
    return weights.usd[largest] if excess[largest] > MAX_SHARE * excess.sum() else None


@dataclass(frozen=True)
class PointWindow:
    """The different implied prices of one window, and their evidence."""

    price: Floats  # USD per BTC
    row: Ints  # the slice of each
    times: Floats  # of the slices, unix s, ascending
    log_price: Floats
    evidence: Floats  # nats, shape (slices, prices)


def window_of_points(price: Floats, time: Floats, now: float, weights: Weights, prior: float) -> PointWindow | None:
    """The window that ends at `now`, on a grid around the strongest price near the prior; None with too few points."""
    inside = (time >= now - SPAN) & (time < now)
    price, index = np.unique(price[inside], return_index=True)
    if len(price) < MIN_AMOUNTS:
        return None
    time = time[inside][index]
    slices, row = np.unique(time // SLICE, return_inverse=True)
    times = np.bincount(row, weights=time) / np.bincount(row)
    log_price, evidence = from_points(price, np.zeros_like(row), 1, int(np.log(prior) / STEP), weights)
    centre = int(log_price[evidence[0].argmax()] / STEP)
    return PointWindow(price, row, times, *from_points(price, row, len(slices), centre, weights))


def estimate_points(price: Floats, time: Floats, now: float, weights: Weights, prior: float) -> Estimate:
    """The price at `now` from implied prices (USD per BTC) at `time` (unix s), as published for whole days.

    Each price counts once per window, at its first time, like amounts. `prior` must be within 10 % of the truth.
    """
    window = window_of_points(price, time, now, weights, prior)
    if window is None:
        return no_signal("the window has too few implied prices")
    belief = follow(window.log_price, window.evidence, window.times, now, weights.motion)
    n_points = int((np.abs(np.log(window.price) - belief.quantile(0.5)[0]) < PEAK).sum())
    return _answer(belief, n_points)


def _answer(belief: Belief, n_points: int, octave: tuple[float, float] | None = None) -> Estimate:
    """The answer of a belief. `octave` is a rival price, and the probability that the rival is wrong."""
    top = belief.log_price[belief.probability.argmax()]
    peak = belief.probability[np.abs(belief.log_price - top) < PEAK].sum()
    low, middle, high = belief.quantile(0.05, 0.5, 0.95)
    if peak < MIN_PEAK:  # the median between two peaks is meaningless
        middle = float(top)
    close = float(belief.probability[np.abs(belief.log_price - middle) < CLOSE].sum())
    half = (np.exp(high - low) - 1) / 2
    state, reason = State.OK, "one price stands out"
    if octave is not None:
        close *= octave[1]
        state, reason = State.AMBIGUOUS, f"{octave[0]:,.0f} USD explains the payments almost as well"
    elif peak < MIN_PEAK:
        state, reason = State.AMBIGUOUS, f"other prices within 10 % have {1 - peak:.0%} of the probability"
    elif half > WIDE:
        state, reason = State.WIDE, f"the interval extends {half:.1%} to each side"
    low, price, high = (float(np.exp(x)) for x in (min(low, middle), middle, max(high, middle)))
    return Estimate(price, low, high, min(close, 1.0), state, reason, n_points)
