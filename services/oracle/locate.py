"""Find the neighbourhood of the price among all prices from $250 to $1,600,000, and its strongest rival.

Round dollar amounts repeat at factors of 2, 5 and 10, so half and double the price always echo: "octaves". The
difference in evidence between the best and the second best shows whether one stands out.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from oracle.evidence import AROUND, NEAR, around, correlate, occupied, peak_mass, template
from oracle.grid import COARSE, STEP, Floats, Ints, usd_bin
from oracle.histogram import FIRST
from oracle.weights import Weights

LOWEST, HIGHEST = 250.0, 1_600_000.0  # USD per BTC
STRENGTHS = (1.0, 0.3, 0.1)  # of round dollars among payments, relative to the fitted days (2024 and 2025)
NEAR_PRIOR = 0.12  # natural log; with more, the octave of the prior would be uncertain
APART = 0.015  # natural log; closer peaks count as one


@dataclass(frozen=True)
class Landscape:
    """Evidence (nats) for every price, each with the best-fitting strength of round dollars."""

    log_price: Floats
    evidence: Floats
    strength: Floats

    def near(self, prior: float) -> Landscape:
        """The part near the prior (USD)."""
        inside = np.abs(self.log_price - np.log(prior)) <= NEAR_PRIOR
        return Landscape(self.log_price[inside], self.evidence[inside], self.strength[inside])

    def best(self) -> int:
        """Index of the strongest price."""
        return int(self.evidence.argmax())

    def rival(self, log_price: float) -> tuple[float, float]:
        """The strongest price (USD) apart from `log_price`, and the lead of `log_price` over it in nats."""
        own = np.abs(self.log_price - log_price) <= APART
        other = np.where(own, -np.inf, self.evidence)
        rival = int(other.argmax())
        return float(np.exp(self.log_price[rival])), float(self.evidence[own].max() - other[rival])


def survey(total: Ints, weights: Weights) -> Landscape:
    """The landscape of one histogram (`SlidingHistogram.total`)."""
    step = STEP * COARSE
    coarse = total[: len(total) // COARSE * COARSE].reshape(1, -1, COARSE).sum(axis=2).astype(float)
    reach, wide = NEAR // COARSE, AROUND // COARSE
    spoken = correlate(np.pad(coarse, ((0, 0), (reach, reach))), template(weights, step, reach))[0]
    nearby = around(np.pad(coarse, ((0, 0), (wide, wide))), wide)[0]
    satoshis = np.exp((FIRST + COARSE * np.arange(len(nearby))) * STEP) * step
    share = nearby / satoshis
    nearby = nearby * peak_mass(weights, step, reach)
    prices = np.arange(int(np.log(LOWEST) / step), int(np.log(HIGHEST) / step))
    scores = np.zeros((len(STRENGTHS), len(prices)))
    for usd, contrast in zip(weights.usd, weights.contrast, strict=True):
        places = (usd_bin(usd) - FIRST) // COARSE - prices
        inside = (places >= 0) & (places < len(spoken))
        places = np.where(inside, places, 0)
        for k, strength in enumerate(STRENGTHS):
            excess = occupied(strength * np.expm1(contrast), share[places])
            scores[k] += np.where(inside, np.log1p(excess) * spoken[places] - excess * nearby[places], 0.0)
    best = scores.argmax(axis=0)
    return Landscape(np.asarray((prices + 0.5) * step), scores.max(axis=0), np.array(STRENGTHS)[best])
