"""What payments say about each possible price, as a log-likelihood ratio: "people pay round dollars here" against
"they do not".

Around every round amount, outputs lie `r` times denser than nearby. A count `n` where the even density is `b` then
speaks for the price with n * log(1 + r) - b * r: amounts that are there speak for it, amounts that are missing against
it, which is what tells a price from its double. The peak's shape over the distance from the price comes with the
fitted weights.
"""

from __future__ import annotations

import numpy as np

from oracle.grid import STEP, WIDTH, Floats, Ints, log_at, usd_bin
from oracle.histogram import SlidingHistogram
from oracle.weights import Weights

NEAR = 150  # bins: how far the peak's shape reaches to each side (3 %)
AROUND = 400  # bins to each side that say how dense outputs are nearby (8 %)


def template(weights: Weights, step: float = STEP, reach: int = NEAR) -> Floats:
    """The peak's shape on a grid of `step`, from -reach to +reach, 1 at its highest fitted point."""
    distance = np.arange(-reach, reach + 1) * step
    shape = np.interp(distance, weights.offsets, weights.shape)
    return np.asarray(shape / max(weights.shape))


def correlate(counts: Floats, shape: Floats) -> Floats:
    """The sum of `counts` (rows, n) around each place, weighted by `shape` (2 m + 1): shape (rows, n - 2 m)."""
    n = counts.shape[1]
    size = 1 << (n + len(shape) - 1).bit_length()
    product = np.fft.rfft(counts, size, axis=1) * np.fft.rfft(shape[::-1], size)
    return np.fft.irfft(product, size, axis=1)[:, len(shape) - 1 : n]


def around(counts: Floats, reach: int) -> Floats:
    """Mean of `counts` (rows, n) over 2 reach + 1 places, shape (rows, n - 2 reach)."""
    sums = np.cumsum(np.pad(counts, ((0, 0), (1, 0))), axis=1)
    return (sums[:, 2 * reach + 1 :] - sums[:, : -2 * reach - 1]) / (2 * reach + 1)


def occupied(excess: Floats | float, share: Floats) -> Floats:
    """What is left of an excess when each amount counts once: small amounts have few satoshis to differ by.

    Where a `share` of all whole satoshis nearby is taken, taking (1 + excess) times as many chances takes so many more.
    """
    share = np.clip(share, 1e-6, 0.98)
    return np.asarray((1 - (1 - share) ** (1 + excess)) / share - 1)


def from_histogram(
    histogram: SlidingHistogram, rows: Ints, centre: int, weights: Weights, strength: float
) -> tuple[Floats, Floats]:
    """Evidence of each slice for each price in the window around bin `centre`: (log prices, (slices, WIDTH) nats).

    `strength` scales the fitted contrasts, for times when fewer people paid round dollars.
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
    """Bins that the peak would fill at its full height."""
    top = np.expm1(max(weights.shape))
    return float(np.expm1(template(weights, step, reach) * max(weights.shape)).sum() / top)


def from_points(price: Floats, row: Ints, rows: int, centre: int, weights: Weights) -> tuple[Floats, Floats]:
    """Evidence of implied prices (USD per BTC), of which each lies in one of `rows` slices; shapes as `from_histogram`.

    Their surroundings are not known (whoever published them kept what was near the price), so nothing speaks against.
    """
    first = centre - WIDTH // 2 - NEAR
    width = WIDTH + 2 * NEAR
    place = np.floor(np.log(price) / STEP).astype(np.int64) - first
    inside = (place >= 0) & (place < width)
    counts = np.bincount((row * width + place)[inside], minlength=rows * width).reshape(rows, width).astype(float)
    shape = template(weights) * max(weights.shape)
    return log_at(np.arange(first + NEAR, first + NEAR + WIDTH)), correlate(counts, shape)
