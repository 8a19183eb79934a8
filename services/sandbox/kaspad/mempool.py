"""Unconfirmed transactions."""

from __future__ import annotations

from collections.abc import Callable

from sandbox.kaspad import hashing, rules
from sandbox.kaspad.model import Coin, Outpoint, Transaction
from sandbox.kaspad.params import MAX_BLOCK_MASS
from sandbox.kaspad.rules import Checked, Rejected

CoinOf = Callable[[Outpoint], Coin | None]


class Mempool:
    """Entries are in order of arrival. They may spend unconfirmed outputs; each output can be spent only once."""

    def __init__(self) -> None:
        self.entries: dict[str, Checked] = {}
        self._spenders: dict[Outpoint, str] = {}

    def add(self, transaction: Transaction, confirmed: CoinOf, daa_score: int) -> Checked:
        """Add a transaction. Raises Rejected if it is not accepted."""
        identity = hashing.finished(transaction, 0).id
        if identity in self.entries:
            raise Rejected(f"transaction {identity} is already in the mempool")
        for entry in transaction.inputs:
            if spender := self._spenders.get(entry.outpoint):
                raise Rejected(f"output {entry.outpoint} already spent by transaction {spender} in the mempool")
        checked = rules.check(transaction, lambda outpoint: self._coin(outpoint, confirmed), daa_score)
        self.entries[checked.transaction.id] = checked
        for outpoint, _ in checked.spent:
            self._spenders[outpoint] = checked.transaction.id
        return checked

    def spends(self, outpoint: Outpoint) -> bool:
        return outpoint in self._spenders

    def selected(self, confirmed: CoinOf) -> list[Checked]:
        """Transactions for the next block: those whose inputs are all confirmed, up to a block's mass."""
        chosen, total = [], 0
        for checked in self.entries.values():
            weight = max(checked.transaction.compute_mass, checked.transaction.storage_mass)
            if total + weight <= MAX_BLOCK_MASS and all(confirmed(outpoint) for outpoint, _ in checked.spent):
                chosen.append(checked)
                total += weight
        return chosen

    def settle(self, accepted: set[str], confirmed: CoinOf, daa_score: int) -> None:
        """After a change of the UTXO set, drop transactions that were mined or whose inputs are gone."""
        if not self.entries:
            return
        waiting = [checked for identity, checked in self.entries.items() if identity not in accepted]
        self.entries.clear()
        self._spenders.clear()
        for checked in waiting:
            try:
                self.add(checked.transaction, confirmed, daa_score)
            except Rejected:
                continue

    def _coin(self, outpoint: Outpoint, confirmed: CoinOf) -> Coin | None:
        coin = confirmed(outpoint)
        if coin is not None:
            return coin
        parent = self.entries.get(outpoint.transaction_id)
        if parent is None or outpoint.output_index >= len(parent.transaction.outputs):
            return None
        output = parent.transaction.outputs[outpoint.output_index]
        return Coin(output.amount, output.script, 2**64 - 1, False)
