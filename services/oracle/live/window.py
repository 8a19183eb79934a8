"""The payments of the last three hours, from the mempool and from blocks, as input for estimates."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterable
from itertools import repeat

import numpy as np

from oracle.grid import SATS_PER_BTC, Floats
from oracle.histogram import SlidingHistogram, is_round
from oracle.live.mempool import Transaction
from oracle.live.recent import RecentIds
from oracle.parse import HEADER, HIGHEST, LOWEST, Amounts, Verdict, amounts, filter_block, spends

FRESH = 20_000
"""Limit on amounts that wait for a price to be plotted against."""
GATHERED = 2000
"""Additions applied in one call, about 4 ms: calls have overhead, and an answer must not wait for too many."""
NEAR = 0.05
"""Maximum distance of a plotted implied price from the price, as a fraction."""

Payment = tuple[float, int]
"""Time (unix s) and amount (sats)."""


class Window:
    """Each transaction counts once, at its first time. Additions are collected; `settle` applies them."""

    def __init__(self) -> None:
        self.histogram = SlidingHistogram()
        self.verdicts: Counter[Verdict] = Counter()
        """Transactions by verdict of the filter, since the start."""
        self.ids = RecentIds()
        self.kept: dict[bytes, tuple[float, list[int]]] = {}
        """Payments that may still be removed: time and amounts."""
        self.fresh: deque[Payment] = deque(maxlen=FRESH)
        """Payments since `take_points` was last called."""
        self._added: list[Payment] = []
        self._removed: list[Payment] = []
        self._changed = False

    def add(self, transaction: Transaction, at: float) -> None:
        """Add a transaction first seen at `at` (unix s). It may still be removed."""
        txid, raw, verdict, outputs = transaction
        if txid in self.ids.known:
            return
        if outputs is not None and spends(raw, 0, self.ids.known, ()):
            verdict, outputs = Verdict.PARENT_IN_WINDOW, None
        self.ids.add_one(txid, at)
        self.verdicts[verdict] += 1
        if outputs is None:
            return
        sats = [n for n in (int.from_bytes(each, "little") for each in outputs) if LOWEST < n < HIGHEST]
        self.kept[txid] = (at, sats)
        self._pay([(at, n) for n in sats])

    def mine(self, transactions: Iterable[Transaction], at: float) -> None:
        """Add the transactions of a block that arrived at `at` (unix s). New ones count from now on; none of them can
        be removed any more.
        """
        known, ids = self.ids.known, set[bytes]()
        verdicts: list[Verdict] = []
        paid: list[bytes] = []
        for txid, raw, verdict, outputs in transactions:
            if txid in known:
                self.keep(txid)
                continue
            if outputs is None:
                verdicts.append(verdict)
            elif spends(raw, 0, known, ids):
                verdicts.append(Verdict.PARENT_IN_WINDOW)
            else:
                verdicts.append(verdict)
                paid += outputs
            ids.add(txid)
        self.ids.add(ids, at)
        self.verdicts.update(verdicts)
        self._pay_at(at, amounts(paid))

    def add_block(self, raw: bytes) -> float:
        """Add a raw block at the time in its header; returns that time (unix s)."""
        at = float(int.from_bytes(raw[HEADER - 12 : HEADER - 8], "little"))
        filtered = filter_block(raw, self.ids.known)
        self.ids.add(filtered.ids, at)
        self.verdicts += filtered.verdicts
        self._pay_at(at, filtered.amounts)
        return at

    def malformed(self) -> None:
        """Count bytes that are not a transaction."""
        self.verdicts[Verdict.MALFORMED] += 1

    def remove(self, txid: bytes) -> None:
        """Remove the payments of a transaction."""
        at, sats = self.kept.pop(txid, (0.0, []))
        self._removed += [(at, n) for n in sats]

    def keep(self, txid: bytes) -> None:
        """A transaction was mined, or left for a reason that does not cancel the payment."""
        self.kept.pop(txid, None)

    def settle(self, now: float) -> bool:
        """Apply collected changes and drop old entries; returns whether anything changed."""
        self._apply()
        changed, self._changed = self._changed, False
        self.histogram.advance(now)
        self.ids.advance(now)
        return changed

    def take_points(self, price: float, usd: Iterable[float]) -> list[tuple[float, float]]:
        """(unix s, USD per BTC) of new payments that are a round amount near `price`, then clear the new payments."""
        if not self.fresh:
            return []
        times, sats = (np.array(column) for column in zip(*self.fresh, strict=True))
        self.fresh.clear()
        implied = np.array(list(usd))[:, None] * SATS_PER_BTC / sats
        near = (np.abs(implied / price - 1) < NEAR) & ~is_round(sats)
        _, which = points = np.nonzero(near)
        order = np.argsort(times[which], kind="stable")
        return list(zip(times[which][order].tolist(), implied[points][order].tolist(), strict=True))

    def _pay(self, payments: list[Payment]) -> None:
        self._added += payments
        self.fresh += payments
        if len(self._added) >= GATHERED:
            self._apply()

    def _pay_at(self, at: float, sats: Amounts) -> None:
        """Add many payments of the same time directly, without collecting them first."""
        self.fresh.extend(zip(repeat(at), sats.tolist()))
        self.histogram.add(sats, np.full(len(sats), at))
        self._changed = self._changed or len(sats) > 0

    def _apply(self) -> None:
        if self._added:
            self.histogram.add(*_arrays(self._added))
        if self._removed:
            self.histogram.remove(*_arrays(self._removed))
        self._changed = self._changed or bool(self._added or self._removed)
        self._added, self._removed = [], []


def _arrays(payments: list[Payment]) -> tuple[np.ndarray[tuple[int], np.dtype[np.int64]], Floats]:
    times, sats = zip(*payments, strict=True)
    return np.array(sats, dtype=np.int64), np.array(times, dtype=np.float64)
