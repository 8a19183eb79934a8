"""Ids of recent transactions: they are already counted, and their children do not count as payments."""

from __future__ import annotations

from collections.abc import Iterable

from oracle.histogram import SLICE, SPAN

MOST = 400_000
"""Limit on ids, about 60 MB; three hours of mainnet have about 75,000."""


class RecentIds:
    """A set of transaction ids (wire order) that drops ids older than `SPAN` s, in slices of `SLICE` s."""

    def __init__(self) -> None:
        self.known: set[bytes] = set()
        """For lookups only; use the methods to change it."""
        self._slices: dict[int, list[bytes]] = {}

    def __contains__(self, txid: object) -> bool:
        return txid in self.known

    def __len__(self) -> int:
        return len(self.known)

    def add(self, txids: Iterable[bytes], at: float) -> None:
        """Add ids that arrived at `at` (unix s); known ids keep their time."""
        fresh = [txid for txid in txids if txid not in self.known]
        self.known.update(fresh)
        self._slices.setdefault(int(at // SLICE), []).extend(fresh)

    def add_one(self, txid: bytes, at: float) -> None:
        """Add one unknown id."""
        self.known.add(txid)
        self._slices.setdefault(int(at // SLICE), []).append(txid)

    def advance(self, now: float) -> None:
        """Drop ids that are too old at `now`, and the oldest slices while there are more than `MOST`."""
        oldest = int((now - SPAN) // SLICE)
        for one in sorted(self._slices):
            if one >= oldest and len(self.known) <= MOST:
                return
            self.known.difference_update(self._slices.pop(one))
