"""Transactions of the last hours by id: what was counted already, and whose children are no payments of people."""

from __future__ import annotations

from collections.abc import Iterable

from oracle.histogram import SLICE, SPAN

MOST = 400_000
"""Ids that are kept at most, about 60 MB; three hours of mainnet hold some 75,000."""


class RecentIds:
    """A set of transaction ids (wire order) that forgets what came more than `SPAN` s ago, in slices of `SLICE` s."""

    def __init__(self) -> None:
        self.known: set[bytes] = set()
        """To look up in; changed by the methods alone."""
        self._slices: dict[int, list[bytes]] = {}

    def __contains__(self, txid: object) -> bool:
        return txid in self.known

    def __len__(self) -> int:
        return len(self.known)

    def add(self, txids: Iterable[bytes], at: float) -> None:
        """Note ids that came at `at` (unix s); those that are there keep their time."""
        fresh = [txid for txid in txids if txid not in self.known]
        self.known.update(fresh)
        self._slices.setdefault(int(at // SLICE), []).extend(fresh)

    def add_one(self, txid: bytes, at: float) -> None:
        """Note an id that is not there."""
        self.known.add(txid)
        self._slices.setdefault(int(at // SLICE), []).append(txid)

    def advance(self, now: float) -> None:
        """Forget what is too old at `now`, and the oldest slices beyond `MOST`."""
        oldest = int((now - SPAN) // SLICE)
        for one in sorted(self._slices):
            if one >= oldest and len(self.known) <= MOST:
                return
            self.known.difference_update(self._slices.pop(one))
