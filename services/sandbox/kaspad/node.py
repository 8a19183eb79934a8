"""The simulated kaspad: chain, mempool and wallet."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from sandbox.control_server import Refused
from sandbox.faults import Faults
from sandbox.kaspad import chain, fields, sessions, store, wallet
from sandbox.kaspad.chain import Chain, Invalid
from sandbox.kaspad.fields import Malformed
from sandbox.kaspad.mempool import Mempool
from sandbox.kaspad.model import Block, Change, Coin, Outpoint, Output, Step, Transaction
from sandbox.kaspad.params import GENESIS_TIME_MS, PREMINE_EACH, PREMINE_OUTPUTS
from sandbox.kaspad.rules import Checked, Rejected
from sandbox.kaspad.sessions import Session

GATHER_EVERY = 50
"""Blocks between two attempts to consolidate the wallet's small coins."""
SYNCED_WITHIN_MS = 10 * 60 * 1000
"""Like the real node, it reports synced while its sink is recent."""


@dataclass(frozen=True)
class Flags:
    """The flags of the real kaspad that affect clients."""

    host: str
    port: int
    utxoindex: bool
    unsafe_rpc: bool
    state_file: Path


class Node:
    """The node's state. The server calls `submit_*`, the clock `tick`, the control socket the verbs."""

    def __init__(self, flags: Flags, seed: str) -> None:
        self.flags = flags
        self.faults = Faults()
        self.sessions: dict[int, Session] = {}
        self.p2p_id = str(uuid.uuid5(uuid.NAMESPACE_OID, seed))
        self.submitted = self.connected = self.bytes_sent = self.bytes_received = 0
        self._seed = seed
        self.miner = wallet.own_script(seed, "miner")
        premine = (Output(PREMINE_EACH, self.miner),) * PREMINE_OUTPUTS
        self.chain = Chain(*chain.genesis(seed, premine, GENESIS_TIME_MS))
        self.mempool = Mempool()
        store.load(flags.state_file, self.chain)

    @property
    def synced(self) -> bool:
        return _now_ms() - self.chain.sink.header.timestamp < SYNCED_WITHIN_MS

    def tick(self) -> None:
        """Mine one block with the simulator's own miner."""
        self._grow(self.miner)

    def template(self, miner: str, extra: bytes = b"") -> Block:
        chosen = [checked.transaction for checked in self.mempool.selected(self.chain.coins.get)]
        return self.chain.template(miner, chosen, _now_ms(), extra)

    def submit_block(self, block: Block) -> bool:
        """Whether the block is accepted; true for a known block as well."""
        if block.hash in self.chain.blocks:
            return True
        try:
            change = self.chain.connect(block)
        except Invalid:
            return False
        self.submitted += 1
        self._publish(change)
        return True

    def submit_transaction(self, transaction: Transaction) -> Checked:
        """Raises Rejected if the transaction is not accepted."""
        return self.mempool.add(transaction, self.chain.coins.get, self.chain.block_count)

    def pay(self, address: str, amount: int) -> str:
        """Pay sompi from the wallet to `address`; the transaction id."""
        try:
            to = fields.script_of(address)
        except Malformed:
            raise Refused(f"{address} is not an address of this network; these begin with kaspasim:") from None
        smallest = wallet.MIN_CHANGE
        if amount < smallest:
            raise Refused(f"the smallest payment is {smallest} sompi; below it, the storage mass (KIP-9) is too high")
        coins, score = self.chain.coins, self.chain.block_count
        try:
            paid = wallet.payment(coins, self.miner, Output(amount, to), score=score, reserved=self.mempool.spends)
            return self.submit_transaction(paid).transaction.id
        except (wallet.InsufficientFunds, Rejected) as fault:
            raise Refused(str(fault)) from fault

    def mine(self, blocks: int, address: str) -> Iterator[str]:
        """The hash of each block as it is mined. Raises Refused at once."""
        try:
            miner = fields.script_of(address) if address else self.miner
        except Malformed:
            raise Refused(f"{address} is not an address of this network; these begin with kaspasim:") from None
        if not 1 <= blocks <= 10_000:
            raise Refused("the number of blocks must be between 1 and 10000")
        return (self._grow(miner) for _ in range(blocks))

    def reorg(self, depth: int) -> tuple[list[str], list[str]]:
        """Replace the last `depth` chain blocks with a branch that is one block longer.

        The new branch spends the coins of the wallet's payments in the removed blocks elsewhere, so those payments are
        undone. Other transactions return to the mempool. Clients receive all of it as one change.
        """
        if not 1 <= depth <= self.chain.rewindable():
            raise Refused(f"the depth must be between 1 and {self.chain.rewindable()}")
        undone = self.chain.rewind(depth)
        before = _left_by(undone)
        rival = wallet.own_script(self._seed, "rival")
        instead = self._double_spends(undone)
        new: list[Block] = []
        added: list[tuple[str, tuple[str, ...]]] = []
        for _ in range(depth + 1):
            block = self.chain.template(rival, instead, _now_ms())
            change = self.chain.connect(block)
            new.append(block)
            added += change.added_chain
            _note_untouched(before, self.chain.steps[-1])
            instead = []
        for step in undone:
            self._readmit(step)
        lost = tuple(step.block.hash for step in undone if step.on_chain)
        self._publish(_net(self.chain, before, tuple(new), lost, tuple(added)))
        return list(lost), [block.hash for block in new]

    def status(self) -> dict[str, Any]:
        return {
            "node": "kaspad",
            "height": self.chain.block_count,
            "tip": self.chain.sink.hash,
            "mempool": len(self.mempool.entries),
            "clients": len(self.sessions),
            "coins": sum(1 for _ in self.chain.coins),
        }

    def save(self) -> None:
        self.saving()()

    def saving(self) -> Callable[[], None]:
        """Copies the state and returns what writes the copy."""
        return store.saving(self.flags.state_file, self.chain)

    def _grow(self, miner: str) -> str:
        """Mine the next block; its hash."""
        if self.chain.block_count % GATHER_EVERY == 0:
            self._gather()
        block = self.template(miner)
        self._publish(self.chain.connect(block))
        return block.hash

    def _gather(self) -> None:
        coins, score = self.chain.coins, self.chain.block_count
        gathered = wallet.consolidation(coins, self.miner, score, self.mempool.spends)
        if gathered is not None:
            self.submit_transaction(gathered)

    def _double_spends(self, undone: list[Step]) -> list[Transaction]:
        """For each payment of the wallet in the removed blocks, a transaction that returns its coins to the wallet."""
        instead = []
        for step in undone:
            for transaction in step.block.transactions[1:]:
                coins = [(entry.outpoint, self.chain.coins.get(entry.outpoint)) for entry in transaction.inputs]
                own = [(outpoint, coin) for outpoint, coin in coins if coin is not None and coin.script == self.miner]
                pays = any(output.script != self.miner for output in transaction.outputs)
                if pays and len(own) == len(coins):
                    instead.append(wallet.double_spend(own, self.miner))
        return instead

    def _readmit(self, step: Step) -> None:
        for transaction in step.block.transactions[1:]:
            try:
                self.submit_transaction(transaction)
            except Rejected:
                continue

    def _publish(self, change: Change) -> None:
        accepted = {value.id for block in change.blocks for value in block.transactions}
        self.mempool.settle(accepted, self.chain.coins.get, self.chain.block_count)
        if not self.flags.utxoindex:  # without it, kaspad accepts UtxosChanged subscriptions but never notifies
            change = replace(change, spent={}, created={})
        sink = self.chain.sink
        sessions.publish(self.sessions.values(), change, sink.header.blue_score, self.chain.block_count)


def _left_by(undone: list[Step]) -> dict[Outpoint, Coin | None]:
    """The state of each outpoint that the undone steps (newest first) changed, before the undo; None if spent."""
    left: dict[Outpoint, Coin | None] = {}
    for step in reversed(undone):
        left.update((outpoint, None) for outpoint, _ in step.spent)
        left.update(step.created)
    return left


def _note_untouched(before: dict[Outpoint, Coin | None], step: Step) -> None:
    """Add the earlier state of those outpoints that only `step` changes."""
    for outpoint, coin in step.spent:
        before.setdefault(outpoint, coin)
    for outpoint, _ in step.created:
        before.setdefault(outpoint, None)


def _net(
    state: Chain,
    before: dict[Outpoint, Coin | None],
    blocks: tuple[Block, ...],
    lost: tuple[str, ...],
    added: tuple[tuple[str, tuple[str, ...]], ...],
) -> Change:
    """Merge many changes into one: only what differs in the end."""
    now = {outpoint: state.coins.get(outpoint) for outpoint in before}
    spent = {outpoint: coin for outpoint, coin in before.items() if coin is not None and now[outpoint] != coin}
    created = {outpoint: coin for outpoint, coin in now.items() if coin is not None and before[outpoint] != coin}
    return Change(blocks, lost, added, spent, created)


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
