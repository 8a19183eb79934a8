"""How many fake payments move the price. The attacker pays one dollar amount at a false price.

The attacker knows the rules, so every fake has a different amount in satoshis, and the fakes form a peak like that of
honest payments, which has the most weight. Each fake output needs a transaction that passes the filter: two outputs, no
parent in the window.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from oracle.estimate import Estimate, State, estimate_price
from oracle.files import Payments
from oracle.grid import SATS_PER_BTC
from oracle.histogram import is_round
from oracle.parse import LOWEST, Amounts
from oracle.weights import Weights

MOVES = (0.01, 0.05)
BEYOND = 1.1  # the attacker aims beyond the target, since honest payments pull the median back
MOST = 1 << 17  # fake outputs; an attacker with more owns the mempool


@dataclass(frozen=True)
class Attack:
    """The fewest fake outputs that move the price, and the fewest that change the state from ok."""

    move: float  # share of the price, 0.01 is 1 %
    outputs: int | None  # None: `MOST` are not enough
    answer: Estimate | None  # with that many
    noticed: int | None  # the fewest outputs with which the state is not ok; None: it stays ok until the price moves


def fakes(usd: float, price: float, count: int) -> Amounts:
    """`count` different amounts (sats) close to `usd` at `price`, none of them round, closest first.

    Fewer if there are not enough different amounts within 1 %.
    """
    middle = round(usd * SATS_PER_BTC / price)
    reach = min(count, max(middle // 100, 1))
    near = middle + np.arange(-reach, reach + 1)
    near = near[(near > LOWEST) & ~is_round(near)]
    return near[np.argsort(np.abs(near - middle), kind="stable")][:count]


def smallest_attack(payments: Payments, usd: float, move: float, honest: Estimate, weights: Weights) -> Attack:
    """Find the count by doubling, then by bisection. `honest` is the answer without fakes; it needs a price."""
    price = honest.price
    if price is None:
        raise ValueError("nothing to attack: there is no price")
    histogram = payments.histogram()

    def answer(count: int) -> Estimate:
        amounts = fakes(usd, price * (1 + move * BEYOND), count)
        times = np.full(len(amounts), payments.time)
        histogram.add(amounts, times)
        try:
            return estimate_price(histogram, payments.time, weights, price)
        finally:
            histogram.remove(amounts, times)

    def moved(found: Estimate) -> bool:
        return found.price is not None and found.price >= price * (1 + move)

    outputs = _fewest(lambda count: moved(answer(count)))
    unsure = _fewest(lambda count: moved(found := answer(count)) or found.state is not State.OK)
    noticed = unsure if unsure is not None and answer(unsure).state is not State.OK else None
    return Attack(move, outputs, answer(outputs) if outputs is not None else None, noticed)


def _fewest(works: Callable[[int], bool]) -> int | None:
    """The smallest count up to `MOST` that works, assuming that any larger count works too."""
    high = 1
    while not works(high):
        if high >= MOST:
            return None
        high *= 2
    low = high // 2
    while high - low > 1:
        middle = (low + high) // 2
        if works(middle):
            high = middle
        else:
            low = middle
    return high
