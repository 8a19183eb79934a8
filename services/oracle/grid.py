"""The grids of natural logs for all counts: a fine one for the answer, a coarse one to find its neighbourhood."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

STEP = 2e-4  # natural log; 0.02 %, a fifth of the width of the expected peak
COARSE = 10  # fine bins per coarse bin
WIDTH = 1024  # bins in the window around the answer: 10 % to each side
SATS_PER_BTC = 10**8


def bin_of(value: NDArray[np.float64] | NDArray[np.int64] | float) -> Ints:
    """The bin of each value: bin b covers logs from b * STEP to (b + 1) * STEP."""
    return np.floor(np.log(value) / STEP).astype(np.int64)


def log_at(bins: Ints) -> Floats:
    """Natural log of the middle of each bin."""
    return np.asarray((bins + 0.5) * STEP)


def usd_bin(usd: float) -> int:
    """b such that an output of `usd` at a price in bin p has its sats in bin b - p (within one bin)."""
    return round(float(np.log(usd * SATS_PER_BTC)) / STEP) - 1
