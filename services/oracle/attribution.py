"""Attribute implied prices to round amounts. Several amounts are possible for each, so counts are estimated by
expectation maximisation.

A published price is p = u / n, a round amount u over n satoshis, but only p is published. N = 3000 / p is a whole
number of satoshis for every u (each divides $3000), namely N = n * 3000 / u. The result n of a division is even in half
of the cases and divisible by 5 in a fifth, so the powers of 2, 3 and 5 in N distinguish the amounts: N is a multiple of
600 if $5 were paid, of 3 if $1000 were. Some payers round n to 10, 100 or 1000 satoshis, which looks like a smaller
amount; the fit includes their share, the same for all amounts.
"""

from __future__ import annotations

import numpy as np

from oracle.grid import SATS_PER_BTC, Floats, Ints

WHOLE_USD = 3000  # every round amount divides it
PRIMES = (2, 3, 5)
MOST = 9  # higher powers count as this one
ZEROS = 4  # rounding to 1, 10, 100 or 1000 satoshis
ROUNDS = 300


def powers(numbers: Ints) -> Ints:
    """The powers of 2, 3 and 5 in each whole number, at most `MOST`, shape (numbers, 3)."""
    return np.stack([sum((numbers % p**k == 0).astype(np.int64) for k in range(1, MOST + 1)) for p in PRIMES], axis=1)


def _chance(sets: Ints, base: int) -> Floats:
    """P(powers | N = base * m, any whole number m), for each row of `sets`."""
    extra = sets - powers(np.array([base]))[0]
    chance = np.ones(len(sets))
    for k, p in enumerate(PRIMES):
        exact = (1 - 1 / p) * float(p) ** -extra[:, k]
        chance *= np.where(extra[:, k] < 0, 0.0, np.where(sets[:, k] == MOST, float(p) ** -extra[:, k], exact))
    return chance


def counts_by_amount(price: Floats, usd: Floats) -> Floats:
    """The number of prices (USD per BTC) that each amount accounts for, shape (amounts,)."""
    numbers = np.round(WHOLE_USD * SATS_PER_BTC / price).astype(np.int64)
    sets, counts = np.unique(powers(numbers), axis=0, return_counts=True)
    chance = np.array(
        [[_chance(sets, round(WHOLE_USD / u) * 10**zeros) for zeros in range(ZEROS)] for u in usd]
    )  # (amounts, ZEROS, sets)
    amount = np.full(len(usd), 1 / len(usd))
    rounding = np.full(ZEROS, 1 / ZEROS)
    for _ in range(ROUNDS):
        belongs = chance * (amount[:, None] * rounding)[:, :, None]
        belongs *= counts / np.maximum(belongs.sum(axis=(0, 1)), 1e-300)
        amount = belongs.sum(axis=(1, 2)) / counts.sum()
        rounding = belongs.sum(axis=(0, 2)) / counts.sum()
    return np.asarray(amount * counts.sum())
