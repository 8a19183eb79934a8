"""How many different amounts were paid, by size and by time: the window that an estimate looks at.

Each amount counts once in a window, when it first came. A price that moves makes new amounts all the time, so what
repeats to the satoshi is a tariff, a payout or spam, and would otherwise drag the answer (measured on the published
points: without the rule single blocks throw the estimate off by up to 9 %). Amounts that are round in bitcoin do not
count at all.
"""

from __future__ import annotations

from bisect import insort

import numpy as np
from numpy.typing import NDArray

from oracle.grid import Floats, Ints, bin_of
from oracle.parse import Amounts

SPAN = 3 * 3600  # s
SLICE = 300  # s
MICRO = 1_000_000
FIRST = int(bin_of(100.0))  # below the smallest amount that counts, so that windows may reach over the edge
LAST = int(bin_of(1e9))  # 10 BTC: beyond $1000 at the lowest price


def is_round(sats: Amounts) -> NDArray[np.bool_]:
    """Which amounts are round in bitcoin: two significant digits, or three when at least six were possible.

    A dollar amount hits such a number by chance once in 100 (1000) times, so nothing is lost.
    """
    digit = 10 ** np.floor(np.log10(np.maximum(sats, 1)) + 1e-12).astype(np.int64)
    two = sats % np.maximum(digit // 10, 1) == 0
    three = sats % np.maximum(digit // 100, 1) == 0
    return np.asarray(two | (three & (sats >= 100_000)))


class SlidingHistogram:
    """Counts of amounts in slices of `SLICE` s over the last `SPAN` s; times are unix s.

    Feeding it costs about a microsecond an amount. The order of additions does not matter, and a removal undoes its
    addition exactly, so the same payments always give the same counts.
    """

    def __init__(self) -> None:
        self._rows = SPAN // SLICE + 1
        self._counts = np.zeros((self._rows, LAST - FIRST), dtype=np.int32)
        self._times: dict[int, list[float]] = {}  # of each amount, ascending: the first is the one that counts
        self._members: dict[int, list[int]] = {}  # amounts by slice, for the day that it leaves
        self._n: dict[int, int] = {}  # counted amounts of a slice
        self._time_sum: dict[int, int] = {}  # of those, in microseconds: whole numbers add up exactly
        self._newest = 0

    @property
    def n_amounts(self) -> int:
        """Different amounts in the window."""
        return len(self._times)

    def add(self, amounts: Amounts, times: Floats) -> None:
        """Payments of `amounts` sats at `times`. Round amounts, and what is older than the window, are left out."""
        keep = ~is_round(amounts) & (bin_of(amounts) < LAST)
        amounts, times = amounts[keep], times[keep]
        if not len(amounts):
            return
        self.advance(float(times.max()))
        oldest = self._newest - self._rows + 1
        for sats, time, place in zip(amounts.tolist(), times.tolist(), bin_of(amounts).tolist(), strict=True):
            if time // SLICE < oldest:
                continue
            self._members.setdefault(int(time // SLICE), []).append(sats)
            known = self._times.get(sats)
            if known is None:
                self._times[sats] = [time]
                self._count(place, time, 1)
            elif time < known[0]:
                self._count(place, known[0], -1)
                self._count(place, time, 1)
                known.insert(0, time)
            else:
                insort(known, time)

    def remove(self, amounts: Amounts, times: Floats) -> None:
        """Take back payments that were added with these very times; what left the window meanwhile is passed over."""
        for sats, time in zip(amounts.tolist(), times.tolist(), strict=True):
            known = self._times.get(sats)
            if known is None or time not in known:
                continue
            self._members[int(time // SLICE)].remove(sats)
            self._forget(sats, known, known.index(time))

    def advance(self, now: float) -> None:
        """Let go of slices that ended before the window of `now`. Time does not run backwards."""
        self._newest = max(self._newest, int(now // SLICE))
        oldest = self._newest - self._rows + 1
        for old in [s for s in self._members if s < oldest]:
            for sats in self._members.pop(old):
                self._forget(sats, self._times[sats], 0)
            self._n.pop(old, None)
            self._time_sum.pop(old, None)

    def slices(self) -> tuple[Ints, Floats]:
        """Rows of the counts that hold something, and their mean times, ascending."""
        filled = sorted(s for s, n in self._n.items() if n)
        times = np.array([self._time_sum[s] / self._n[s] / MICRO for s in filled])
        return np.array([s % self._rows for s in filled], dtype=np.int64), times

    def counts(self, rows: Ints, first: int, last: int) -> NDArray[np.int32]:
        """Counts of bins `first` to `last` in `rows`, shape (rows, last - first); outside the histogram they are 0."""
        low, high = max(first, FIRST), min(last, LAST)
        if low >= high:
            return np.zeros((len(rows), last - first), dtype=np.int32)
        return np.pad(self._counts[rows, low - FIRST : high - FIRST], ((0, 0), (low - first, last - high)))

    def total(self, rows: Ints) -> Ints:
        """Counts of every bin from `FIRST` to `LAST` over these rows."""
        return np.asarray(self._counts[rows].sum(axis=0, dtype=np.int64))

    def _forget(self, sats: int, known: list[float], index: int) -> None:
        place = int(bin_of(np.array([sats]))[0])
        time = known.pop(index)
        if index == 0:
            self._count(place, time, -1)
            if known:
                self._count(place, known[0], 1)
        if not known:
            del self._times[sats]

    def _count(self, place: int, time: float, change: int) -> None:
        where = int(time // SLICE)
        self._counts[where % self._rows, place - FIRST] += change
        self._n[where] = self._n.get(where, 0) + change
        self._time_sum[where] = self._time_sum.get(where, 0) + change * round(time * MICRO)
