"""Track the price through a window of evidence: a Bayes filter on a grid of log prices.

The model of the log price is a random walk of unknown speed. The filter tracks a few speeds in parallel, and each gains
weight when its predictions match the next evidence. Between slices, every speed spreads its belief; each slice
multiplies it by a (tempered) likelihood. The result is a probability for every price *now*: its median is the answer,
and its width grows with few payments, a volatile market or old evidence. The initial belief is flat: the prior only
determines the position of the grid.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from oracle.grid import Floats
from oracle.weights import Motion

HOUR = 3600.0


@dataclass(frozen=True)
class Belief:
    """A probability (sums to 1) for each point of an even grid of natural logs of USD per BTC."""

    log_price: Floats
    probability: Floats

    def quantile(self, *shares: float) -> list[float]:
        """Quantiles of the log price at these shares of the probability, linear between grid points."""
        step = self.log_price[1] - self.log_price[0]
        edges = np.concatenate(([self.log_price[0] - step / 2], self.log_price + step / 2))
        below = np.concatenate(([0.0], np.cumsum(self.probability)))
        return [float(q) for q in np.interp(shares, below, edges)]


@dataclass
class _Walk:
    """The state of the filter: a belief for each speed, shape (speeds, n), and the speeds' log weights."""

    belief: Floats
    weight: Floats

    def mixed(self) -> Floats:
        """The belief over all speeds, shape (n,)."""
        shares = np.exp(self.weight - self.weight.max())
        mixed = (shares / shares.sum()) @ self.belief
        return np.asarray(mixed / mixed.sum())


def _walk(log_price: Floats, evidence: Floats, times: Floats, motion: Motion) -> Iterator[_Walk]:
    """Process the slices; yields the same object after each."""
    start = np.log(np.array(motion.shares))
    likelihood = np.exp(motion.temper * (evidence - evidence.max(axis=1, keepdims=True)))
    spread = _spreading(log_price, motion)
    walk = _Walk(np.full((len(motion.speeds), len(log_price)), 1.0 / len(log_price)), start)
    before = times[0]
    for row, time in zip(likelihood, times, strict=True):
        if time > before:
            walk.belief = _spread(walk.belief, spread * (time - before))
            walk.weight = motion.memory * walk.weight + (1 - motion.memory) * start
            before = time
        walk.belief = walk.belief * row
        total = walk.belief.sum(axis=1)
        walk.belief /= total[:, None]
        walk.weight = walk.weight + np.log(total)
        walk.weight -= walk.weight.max()
        yield walk


def follow(log_price: Floats, evidence: Floats, times: Floats, now: float, motion: Motion) -> Belief:
    """The belief at `now` (unix s).

    `log_price` is the grid, shape (n,), `evidence` the log-likelihood of each price in each slice, shape (slices, n),
    and `times` the slices' times, unix s, ascending; at least one slice.
    """
    *_, walk = _walk(log_price, evidence, times, motion)
    age = max(now - float(times[-1]), 0.0) + motion.lag
    walk.belief = _spread(walk.belief, _spreading(log_price, motion) * age)
    return Belief(log_price, walk.mixed())


def path(log_price: Floats, evidence: Floats, times: Floats, motion: Motion) -> Floats:
    """The median of the belief (log price) right after each slice, shape (slices,)."""
    walks = _walk(log_price, evidence, times, motion)
    return np.array([Belief(log_price, walk.mixed()).quantile(0.5)[0] for walk in walks])


def _spreading(log_price: Floats, motion: Motion) -> Floats:
    """The exponent of one second of spreading, by speed and frequency.

    Spreading is a product in frequency space. Twice the grid's length keeps it from wrapping around.
    """
    step = log_price[1] - log_price[0]
    frequency = 2 * np.pi * np.fft.rfftfreq(2 * len(log_price))
    return np.asarray(-0.5 * (np.array(motion.speeds)[:, None] / step * frequency) ** 2 / HOUR)


def _spread(belief: Floats, exponent: Floats) -> Floats:
    n = belief.shape[1]
    spread = np.fft.irfft(np.fft.rfft(belief, 2 * n, axis=1) * np.exp(exponent), 2 * n, axis=1)[:, :n]
    return np.maximum(spread, 1e-30)  # rounding errors of the transform can be negative
