"""The evidence of payments for each possible price, as a log-likelihood ratio of "people pay round dollars at this
price" against "they do not".

Around every round amount, the density of outputs exceeds that nearby by a factor `r`. A count `n` with a background
density `b` then gives the evidence n * log(1 + r) - b * r: amounts that are present support the price, missing ones
count against it. That distinguishes a price from its double. The shape of the peak is part of the fitted weights.
"""

from __future__ import annotations

import numpy as np

from oracle.grid import STEP, WIDTH, Floats, Ints, log_at, usd_bin
from oracle.histogram import SlidingHistogram
from oracle.weights import Weights

NEAR = 150  # bins: extent of the peak's shape to each side (3 %)
AROUND = 400  # bins to each side for the density nearby (8 %)


def template(weights: Weights, step: float = STEP, reach: int = NEAR) -> Floats:
    """The peak's shape on a grid of `step`, from -reach to +reach, 1 at its highest fitted point."""
    distance = np.arange(-reach, reach + 1) * step
    shape = np.interp(distance, weights.offsets, weights.shape)
    return np.asarray(shape / max(weights.shape))


def correlate(counts: Floats, shape: Floats) -> Floats:
    """The sum of `counts` (rows, n) around each position, weighted by `shape` (2 m + 1): shape (rows, n - 2 m)."""
    n = counts.shape[1]
    size = 1 << (n + len(shape) - 1).bit_length()
    product = np.fft.rfft(counts, size, axis=1) * np.fft.rfft(shape[::-1], size)
    return np.fft.irfft(product, size, axis=1)[:, len(shape) - 1 : n]


def around(counts: Floats, reach: int) -> Floats:
    """Mean of `counts` (rows, n) over 2 reach + 1 positions, shape (rows, n - 2 reach)."""
    sums = np.cumsum(np.pad(counts, ((0, 0), (1, 0))), axis=1)
    return (sums[:, 2 * reach + 1 :] - sums[:, : -2 * reach - 1]) / (2 * reach + 1)


def occupied(excess: Floats | float, share: Floats) -> Floats:
    """The excess that remains when each amount counts once: few different small amounts exist.

    If a `share` of all whole satoshis nearby is occupied, (1 + excess) times as many payments occupy this many more.
    """
    share = np.clip(share, 1e-6, 0.98)
    return np.asarray((1 - (1 - share) ** (1 + excess)) / share - 1)


def from_histogram(
    histogram: SlidingHistogram, rows: Ints, centre: int, weights: Weights, strength: float
) -> tuple[Floats, Floats]:
    """Evidence of each slice for each price in the window around bin `centre`: (log prices, (slices, WIDTH) nats).

    `strength` scales the fitted contrasts, for times when fewer people pay round dollars.
    """
    first = centre - WIDTH // 2 - AROUND
    weighted = np.zeros((len(rows), WIDTH + 2 * AROUND))
    expected = np.zeros_like(weighted)
    for usd, contrast in zip(weights.usd, weights.contrast, strict=True):
        last = usd_bin(usd) - first + 1
        counts = histogram.counts(rows, last - weighted.shape[1], last)[:, ::-1]
        satoshis = np.exp(last * STEP) - np.exp((last - weighted.shape[1]) * STEP)
        excess = occupied(strength * np.expm1(contrast), counts.sum() / satoshis)
        weighted += np.log1p(excess) * counts
        expected += excess * counts
    shape = template(weights)
    margin = AROUND - NEAR
    spoken = correlate(weighted[:, margin:-margin], shape)
    missing = around(expected, AROUND) * peak_mass(weights)
    return log_at(np.arange(first + AROUND, first + AROUND + WIDTH)), spoken - missing


def peak_mass(weights: Weights, step: float = STEP, reach: int = NEAR) -> float:
    """Number of bins that the peak would fill at its maximum height."""
    top = np.expm1(max(weights.shape))
    return float(np.expm1(template(weights, step, reach) * max(weights.shape)).sum() / top)


def from_points(price: Floats, row: Ints, rows: int, centre: int, weights: Weights) -> tuple[Floats, Floats]:
    """Evidence of implied prices (USD per BTC), each in one of `rows` slices; shapes as in `from_histogram`.

    The published points contain only prices near the true one, so there is no evidence against a price.
    """
    first = centre - WIDTH // 2 - NEAR
    width = WIDTH + 2 * NEAR
    place = np.floor(np.log(price) / STEP).astype(np.int64) - first
    inside = (place >= 0) & (place < width)
    counts = np.bincount((row * width + place)[inside], minlength=rows * width).reshape(rows, width).astype(float)
    shape = template(weights) * max(weights.shape)
    return log_at(np.arange(first + NEAR, first + NEAR + WIDTH)), correlate(counts, shape)
