"""Counts of different amounts by size and time: the window of an estimate.

Each amount counts once per window, at its first time. As the price moves, dollar payments keep producing new amounts;
an amount that repeats to the satoshi is a tariff, a payout or spam and would distort the answer (on the published
points, single blocks shift the estimate by up to 9 % without this rule). Amounts that are round in bitcoin do not count
at all.
"""

from __future__ import annotations

from bisect import insort
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from oracle.grid import Floats, Ints, bin_of
from oracle.parse import Amounts

SPAN = 3 * 3600  # s
SLICE = 300  # s
MICRO = 1_000_000
FIRST = int(bin_of(100.0))  # below the smallest amount that counts, so that windows may extend past the edge
LAST = int(bin_of(1e9))  # 10 BTC: above $1000 at the lowest price


def is_round(sats: Amounts) -> NDArray[np.bool_]:
    """Which amounts are round in bitcoin: two significant digits, or three if the amount has at least six.

    A dollar amount is round by chance only once in 100 (1000) cases, so almost nothing is lost.
    """
    digit = 10 ** np.floor(np.log10(np.maximum(sats, 1)) + 1e-12).astype(np.int64)
    two = sats % np.maximum(digit // 10, 1) == 0
    three = sats % np.maximum(digit // 100, 1) == 0
    return np.asarray(two | (three & (sats >= 100_000)))


@dataclass
class _Changes:
    """Amounts that start and stop counting: (bin, time) each."""

    plus: list[tuple[int, float]] = field(default_factory=list)
    minus: list[tuple[int, float]] = field(default_factory=list)


class SlidingHistogram:
    """Counts of amounts in slices of `SLICE` s over the last `SPAN` s; times are unix s.

    An addition takes about a microsecond per amount. The order of additions does not matter, and a removal exactly
    undoes its addition, so the same payments always give the same counts.
    """

    def __init__(self) -> None:
        self._rows = SPAN // SLICE + 1
        self._counts = np.zeros((self._rows, LAST - FIRST), dtype=np.int32)
        self._first: dict[int, float] = {}  # first time of each amount
        self._again: dict[int, list[float]] = {}  # later times, ascending, of the few repeated amounts
        self._members: dict[int, list[int]] = {}  # amounts by slice, to remove them with the slice
        self._n: dict[int, int] = {}  # counted amounts by slice
        self._time_sum: dict[int, int] = {}  # of those, in integer microseconds of their slice, so sums are exact
        self._newest = 0

    @property
    def n_amounts(self) -> int:
        """Different amounts in the window."""
        return len(self._first)

    def add(self, amounts: Amounts, times: Floats) -> None:
        """Add payments of `amounts` sats at `times`. Ignores round amounts and those older than the window."""
        places = bin_of(amounts)
        counted = ~is_round(amounts) & (places < LAST)
        if not counted.any():
            return
        self.advance(float(times[counted].max()))
        slices = (times // SLICE).astype(np.int64)
        counted &= slices > self._newest - self._rows
        amounts, times, places, slices = amounts[counted], times[counted], places[counted], slices[counted]
        for one in np.unique(slices).tolist():
            self._members.setdefault(one, []).extend(amounts[slices == one].tolist())
        new: list[int] = []
        changes = _Changes()
        for index, (sats, time) in enumerate(zip(amounts.tolist(), times.tolist(), strict=True)):
            first = self._first.get(sats)
            if first is None:
                self._first[sats] = time
                new.append(index)
                continue
            if time < first:
                place = int(places[index])
                changes.minus.append((place, first))
                changes.plus.append((place, time))
                self._first[sats] = time
            insort(self._again.setdefault(sats, []), max(first, time))
        self._count(places[new], times[new], 1)
        self._apply(changes)

    def remove(self, amounts: Amounts, times: Floats) -> None:
        """Remove payments that were added with exactly these times. Ignores those that have left the window."""
        changes = _Changes()
        for sats, time, place in zip(amounts.tolist(), times.tolist(), bin_of(amounts).tolist(), strict=True):
            if time == self._first.get(sats):
                self._members[int(time // SLICE)].remove(sats)
                self._forget_first(sats, place, changes)
            elif time in self._again.get(sats, ()):
                self._members[int(time // SLICE)].remove(sats)
                self._forget_later(sats, time)
        self._apply(changes)

    def advance(self, now: float) -> None:
        """Drop slices that ended before the window of `now`. Ignores a `now` in the past."""
        self._newest = max(self._newest, int(now // SLICE))
        changes = _Changes()
        for old in sorted(s for s in self._members if s <= self._newest - self._rows):
            leaving = self._members.pop(old)
            places = bin_of(np.array(leaving, dtype=np.int64)).tolist()
            for sats, place in zip(leaving, places, strict=True):
                self._forget_first(sats, place, changes)
        self._apply(changes)

    def slices(self) -> tuple[Ints, Floats]:
        """Rows that are not empty, and their mean times, ascending."""
        filled = sorted(self._n)
        times = np.array([s * SLICE + self._time_sum[s] / self._n[s] / MICRO for s in filled])
        return np.array([s % self._rows for s in filled], dtype=np.int64), times

    def counts(self, rows: Ints, first: int, last: int) -> NDArray[np.int32]:
        """Counts of bins `first` to `last` in `rows`, shape (rows, last - first); 0 outside the histogram."""
        low, high = max(first, FIRST), min(last, LAST)
        if low >= high:
            return np.zeros((len(rows), last - first), dtype=np.int32)
        return np.pad(self._counts[rows, low - FIRST : high - FIRST], ((0, 0), (low - first, last - high)))

    def newest(self, enough: int) -> Ints:
        """Rows of the newest slices that together have `enough` amounts, ascending by time."""
        newest: list[int] = []
        n = 0
        for one in sorted(self._n, reverse=True):
            newest.append(one % self._rows)
            n += self._n[one]
            if n >= enough:
                break
        return np.array(newest[::-1], dtype=np.int64)

    def total(self, rows: Ints) -> Ints:
        """Counts by bin, from `FIRST` to `LAST`, summed over these rows."""
        return np.asarray(self._counts[rows].sum(axis=0, dtype=np.int64))

    def _forget_first(self, sats: int, place: int, changes: _Changes) -> None:
        changes.minus.append((place, self._first.pop(sats)))
        if later := self._again.get(sats):
            self._first[sats] = later[0]
            changes.plus.append((place, later[0]))
            self._forget_later(sats, later[0])

    def _forget_later(self, sats: int, time: float) -> None:
        later = self._again[sats]
        later.remove(time)
        if not later:
            del self._again[sats]

    def _apply(self, changes: _Changes) -> None:
        for counted, change in ((changes.plus, 1), (changes.minus, -1)):
            if counted:
                places, times = np.array(counted).T
                self._count(places.astype(np.int64), times, change)

    def _count(self, places: Ints, times: Floats, change: int) -> None:
        """Add `change` (1 or -1) to each bin of `places` at `times`."""
        where = (times // SLICE).astype(np.int64)
        np.add.at(self._counts, (where % self._rows, places - FIRST), change)
        micros = np.round((times - where * SLICE) * MICRO).astype(np.int64)
        for one in np.unique(where).tolist():
            members = where == one
            self._n[one] = self._n.get(one, 0) + change * int(members.sum())
            self._time_sum[one] = self._time_sum.get(one, 0) + change * int(micros[members].sum())
            if not self._n[one]:
                del self._n[one], self._time_sum[one]
