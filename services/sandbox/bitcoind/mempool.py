"""Unconfirmed transactions, their replacement, and the mempool sequence that ZMQ and RPC share."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from sandbox.bitcoind import policy
from sandbox.bitcoind.coins import Coin
from sandbox.bitcoind.params import MAX_BLOCK_WEIGHT
from sandbox.bitcoind.policy import REJECTED, Priced, Refusal
from sandbox.bitcoind.tx import Outpoint, Tx

CoinOf = Callable[[Outpoint], Coin | None]
MEMPOOL_HEIGHT = 0x7FFFFFFF
"""The height of an unconfirmed coin (MEMPOOL_HEIGHT, src/txmempool.h)."""


@dataclass(frozen=True)
class Entry:
    priced: Priced
    time: int
    """Unix s of arrival."""
    height: int
    """Height of the chain at arrival."""

    @property
    def tx(self) -> Tx:
        return self.priced.tx


class Mempool:
    """Entries are in order of arrival, so parents come before their children."""

    def __init__(self) -> None:
        self.entries: dict[bytes, Entry] = {}
        self._spenders: dict[Outpoint, bytes] = {}
        self.sequence = 1
        """The next mempool sequence number; starts at 1 in every process."""

    def next_sequence(self) -> int:
        number, self.sequence = self.sequence, self.sequence + 1
        return number

    def spender(self, outpoint: Outpoint) -> bytes | None:
        return self._spenders.get(outpoint)

    def coin(self, outpoint: Outpoint, confirmed: CoinOf) -> Coin | None:
        """A coin that a new transaction may spend, confirmed or not."""
        parent = self.entries.get(outpoint.txid)
        if parent is None:
            return confirmed(outpoint)
        if outpoint.vout >= len(parent.tx.outs):
            return None
        output = parent.tx.outs[outpoint.vout]
        return Coin(output.amount, output.script, MEMPOOL_HEIGHT, False)

    def judge(self, tx: Tx, confirmed: CoinOf, height: int) -> tuple[Priced, list[bytes]]:
        """The transaction's fee and the ids that it replaces, children first. Raises Refusal if it is not accepted."""
        priced = policy.check(tx, lambda outpoint: self.coin(outpoint, confirmed), height)
        replaced = self._family(self._spenders[entry.outpoint] for entry in tx.ins if entry.outpoint in self._spenders)
        if replaced:
            self._check_replacement(priced, replaced)
        return priced, replaced

    def add(self, priced: Priced, time: int, height: int) -> None:
        self.entries[priced.tx.txid] = Entry(priced, time, height)
        for entry in priced.tx.ins:
            self._spenders[entry.outpoint] = priced.tx.txid

    def remove(self, txid: bytes) -> None:
        for entry in self.entries.pop(txid).tx.ins:
            del self._spenders[entry.outpoint]

    def children(self, txid: bytes) -> list[bytes]:
        """Unconfirmed transactions that spend outputs of this one directly."""
        outputs = range(len(self.entries[txid].tx.outs))
        found = (self._spenders.get(Outpoint(txid, index)) for index in outputs)
        return list(dict.fromkeys(child for child in found if child is not None))

    def parents(self, txid: bytes) -> list[bytes]:
        """Direct unconfirmed parents."""
        spent = (entry.outpoint.txid for entry in self.entries[txid].tx.ins)
        return list(dict.fromkeys(parent for parent in spent if parent in self.entries))

    def conflicts(self, tx: Tx) -> list[bytes]:
        """Ids to evict when `tx` is in a block: other spenders of its inputs and their descendants, children first."""
        rivals = (self._spenders.get(entry.outpoint) for entry in tx.ins)
        return self._family(rival for rival in rivals if rival not in (None, tx.txid))

    def orphans(self, confirmed: CoinOf, height: int) -> list[bytes]:
        """Ids to evict after a reorg: missing or immature inputs, and their descendants, children first."""
        lost = []
        for txid, entry in self.entries.items():
            try:
                policy.check(entry.tx, lambda outpoint: self.coin(outpoint, confirmed), height)
            except Refusal:
                lost.append(txid)
        return self._family(lost)

    def selected(self) -> list[Entry]:
        """Entries for the next block, in order of arrival, no child without its parents."""
        chosen: dict[bytes, Entry] = {}
        weight = 0
        for txid, entry in self.entries.items():
            too_much = weight + entry.tx.weight > MAX_BLOCK_WEIGHT
            if not too_much and all(parent in chosen for parent in self.parents(txid)):
                chosen[txid] = entry
                weight += entry.tx.weight
        return list(chosen.values())

    def _family(self, roots: Iterable[bytes | None]) -> list[bytes]:
        """The roots and all their descendants, each once, children before parents."""
        found: dict[bytes, None] = {}
        waiting = [root for root in roots if root is not None]
        while waiting:
            txid = waiting.pop()
            if txid not in found:
                found[txid] = None
                waiting += self.children(txid)
        arrival = {txid: place for place, txid in enumerate(self.entries)}
        return sorted(found, key=lambda txid: arrival[txid], reverse=True)

    def _check_replacement(self, priced: Priced, replaced: list[bytes]) -> None:
        """Rules 3 and 4 of BIP125; also, no parent may be among the replaced."""
        if any(entry.outpoint.txid in replaced for entry in priced.tx.ins):
            raise Refusal(REJECTED, "bad-txns-spends-conflicting-tx")
        paid = sum(self.entries[txid].priced.fee for txid in replaced)
        more, needed = priced.fee - paid, policy.relay_fee(priced.tx.vsize)
        rejecting = f"insufficient fee, rejecting replacement {priced.tx.txid[::-1].hex()}"
        if more < 0:
            less = f"{policy.btc(priced.fee)} < {policy.btc(paid)}"
            raise Refusal(REJECTED, f"{rejecting}, less fees than conflicting txs; {less}")
        if more < needed:
            less = f"{policy.btc(more)} < {policy.btc(needed)}"
            raise Refusal(REJECTED, f"{rejecting}, not enough additional fees to relay; {less}")
