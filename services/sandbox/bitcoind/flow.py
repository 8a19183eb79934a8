"""The amounts of the background transactions, and the dollar price behind those that are round in dollars.

A flow is an endless iterator of amounts in satoshis. The mix comes from eight days of real payments that the oracle's
weights were not fitted to (`kept_out` in services/oracle/weights.json), as measured by `python -m oracle.mix DIR`. So
the sandbox does not make the oracle look better than it is.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Iterator

MEDIAN, SPREAD = 170_000, 2.0
"""Parameters of the log-normal distribution of amounts that are not round."""
SMALLEST, LARGEST = 2_000, 30_000_000
ROUND_USD, ROUND_BTC = 2 * 0.077, 2 * 0.081
"""Shares of payments that are round in dollars and round in bitcoin: twice the share of outputs, since each payment
also has a change output. The rest is log-normal."""
USD = (5, 10, 15, 20, 25, 30, 40, 50, 100, 150, 200, 300, 500, 1000)
USD_SHARES = (0.014, 0.046, 0.026, 0.075, 0.038, 0.071, 0.044, 0.117, 0.190, 0.061, 0.100, 0.058, 0.079, 0.082)
SCATTER = 0.001
"""Scale of the Laplace distribution (natural log) of quoted prices around the true one: exchanges differ."""
BTC_SIZES = (10_000, 100_000)

PRICE = 64_000.0
WAVES = ((0.008, 6 * 3600.0), (0.001, 3600.0))
"""How the price moves, at most 1.5 % per hour: amplitude (natural log) and period (s) of each wave."""


def price_at(unix_s: float) -> float:
    """The simulated price of one BTC in USD. It depends only on time, so a restart does not change it."""
    return PRICE * math.exp(sum(height * math.sin(2 * math.pi * unix_s / length) for height, length in WAVES))


def announced(unix_s: float) -> dict[str, float]:
    """The answer of `getflowprice`: the price in USD per BTC and its unix time. A real bitcoind has no such method.

    With it, an oracle on the simulator can show its own error.
    """
    return {"usd": price_at(unix_s), "at": unix_s}


def log_normal(rng: random.Random) -> Iterator[int]:
    """Amounts without structure."""
    while True:
        amount = round(rng.lognormvariate(math.log(MEDIAN), SPREAD))
        yield min(max(amount, SMALLEST), LARGEST)


def payments(rng: random.Random, now: Callable[[], float]) -> Iterator[int]:
    """Amounts in the mix of real payments; `now` returns the unix time that determines the price."""
    for background in log_normal(rng):
        kind = rng.random()
        if kind < ROUND_USD:
            quoted = price_at(now()) * math.exp(rng.choice((-1, 1)) * rng.expovariate(1 / SCATTER))
            yield round(rng.choices(USD, USD_SHARES)[0] / quoted * 100_000_000)
        elif kind < ROUND_USD + ROUND_BTC:
            yield rng.randint(1, 99) * rng.choice(BTC_SIZES)
        else:
            yield background
