"""The block DAG as a client sees it: a selected chain, and sometimes a parallel block that the next chain block merges.

A block's transactions take effect as soon as it is the sink or is parallel to it. The *next* chain block lists them as
accepted and pays the miners of the blocks that it merges. kaspad reports them in the same order.
"""

from __future__ import annotations

from collections import deque
from typing import NamedTuple

from sandbox.kaspad import coinbase, hashing
from sandbox.kaspad.coins import Coins
from sandbox.kaspad.model import Block, Change, Coin, Header, Outpoint, Output, Step, Transaction
from sandbox.kaspad.params import (
    BITS,
    COINBASE_MATURITY,
    COINBASE_SUBNETWORK,
    GENESIS_VERSION,
    HEADER_VERSION,
    KEPT_BLOCKS,
    SUBSIDY,
)

_KEPT_TEMPLATES = 64


class Invalid(Exception):
    """A block violates a rule; the message says which."""


class _Expected(NamedTuple):
    """The fields that a block's parents determine; its miner chooses the rest."""

    blue_score: int
    daa_score: int
    accepted_root: str
    utxo_commitment: str
    rewards: tuple[Output, ...]


class Chain:
    """`connect` adds a block, `rewind` removes blocks; both return what changed. Stores the last KEPT_BLOCKS."""

    def __init__(self, genesis: Block, premine: list[tuple[Outpoint, Coin]]) -> None:
        self.coins = Coins()
        self.genesis = genesis.hash
        self.blocks: dict[str, Block] = {}
        self.steps: deque[Step] = deque()
        self.block_count = 0
        """Blocks since the genesis: the virtual DAA score if the DAA window never excludes a block."""
        self.commitment = hashing.running(genesis.hash)
        self._expected: dict[tuple[str, ...], _Expected] = {}
        self._undone: deque[str] = deque()
        self._remember(Step(genesis, True, (), tuple(premine), (genesis.transactions[0].id,), 0, self.commitment))

    @property
    def sink(self) -> Block:
        return self.tips[0].block

    @property
    def tips(self) -> tuple[Step, ...]:
        """The blocks that the next chain block merges: the sink first, then blocks parallel to it."""
        merged: list[Step] = []
        for step in reversed(self.steps):
            merged.append(step)
            if step.on_chain:
                break
        return tuple(reversed(merged))

    def template(self, miner: str, chosen: list[Transaction], now_ms: int, extra: bytes = b"") -> Block:
        """A block on the current tips; the block after it pays `miner` (a scriptPublicKey)."""
        tips = self.tips
        parents = tuple(step.block.hash for step in tips)
        expected = _Expected(
            blue_score=tips[0].block.header.blue_score + len(tips),
            daa_score=self.block_count,
            accepted_root=hashing.merkle_root([identity for step in tips for identity in step.accepted]),
            utxo_commitment=self.commitment,
            rewards=tuple(_reward(step) for step in tips if step.block.hash != self.genesis),
        )
        self._expected[parents] = expected
        if len(self._expected) > _KEPT_TEMPLATES:
            del self._expected[next(iter(self._expected))]
        first = coinbase.make(expected.blue_score, miner, expected.rewards, extra)
        transactions = (first, *chosen)
        header = Header(
            parents=parents,
            merkle_root=hashing.merkle_root([transaction.hash for transaction in transactions]),
            accepted_root=expected.accepted_root,
            utxo_commitment=expected.utxo_commitment,
            timestamp=max(now_ms, tips[0].block.header.timestamp + 1),
            daa_score=expected.daa_score,
            blue_score=expected.blue_score,
            pruning_point=self.genesis,
            nonce=0,
            version=HEADER_VERSION,
            bits=BITS,
        )
        return Block(hashing.header_hash(header), header, transactions)

    def connect(self, block: Block) -> Change:
        """Add a block made from a template, on the tips or parallel to them. Raises Invalid if it violates a rule."""
        self._check(block)
        on_chain = block.header.parents == tuple(step.block.hash for step in self.tips)
        accepted_before = tuple(identity for step in self.tips for identity in step.accepted)
        step = self._step(block, on_chain)
        self._remember(step)
        added = ((block.hash, accepted_before),) if on_chain else ()
        return Change((block,), (), added, dict(step.spent), dict(step.created))

    def rewind(self, depth: int) -> list[Step]:
        """Undo the last `depth` chain blocks and the blocks merged since; the undone steps, newest first."""
        undone: list[Step] = []
        while depth > 0:
            if len(self.steps) < 2:
                raise Invalid("the chain is shorter than that")
            step = self.steps.pop()
            self.coins.undo(step)
            self.commitment = step.commitment
            self.block_count -= 1
            depth -= step.on_chain
            undone.append(step)
            self._undone.append(step.block.hash)
            if len(self._undone) > KEPT_BLOCKS:
                self.blocks.pop(self._undone.popleft(), None)
        self._expected.clear()
        return undone

    def rewindable(self) -> int:
        """How many chain blocks can be undone."""
        return sum(step.on_chain for step in self.steps) - 1

    def on_chain(self) -> dict[str, tuple[str, ...]]:
        """The stored chain blocks, oldest first, each with the ids of the transactions that it accepts."""
        chain: dict[str, tuple[str, ...]] = {}
        merged: tuple[str, ...] = ()
        for step in self.steps:
            if step.on_chain:
                chain[step.block.hash] = merged
                merged = ()
            merged += step.accepted
        return chain

    def restore(self, steps: list[Step], coins: list[tuple[Outpoint, Coin]], block_count: int, commitment: str) -> None:
        """Replace the current state with a saved one."""
        self.steps = deque(steps)
        self.blocks = {step.block.hash: step.block for step in steps}
        self.coins = Coins()
        for outpoint, coin in coins:
            self.coins.put(outpoint, coin)
        self.block_count, self.commitment = block_count, commitment
        self._expected.clear()

    def _check(self, block: Block) -> None:
        header = block.header
        expected = self._expected.get(header.parents)
        if expected is None:
            raise Invalid("its parents are not tips of any block template")
        said = (header.blue_score, header.daa_score, header.accepted_root, header.utxo_commitment)
        if said != expected[:4] or (header.bits, header.version) != (BITS, HEADER_VERSION):
            raise Invalid("its header does not match its parents")
        if not block.transactions or header.merkle_root != hashing.merkle_root([tx.hash for tx in block.transactions]):
            raise Invalid("its merkle root does not match its transactions")
        first = block.transactions[0]
        if first.subnetwork != COINBASE_SUBNETWORK or first.inputs or first.outputs != expected.rewards:
            raise Invalid("its coinbase does not pay the expected rewards")
        if header.timestamp <= self.blocks[header.parents[0]].header.timestamp:
            raise Invalid("its timestamp is not later than its parent's")
        try:
            coinbase.miner_script(first)
        except ValueError as fault:
            raise Invalid(str(fault)) from fault

    def _step(self, block: Block, on_chain: bool) -> Step:
        """The block's effect: all of its transactions if it is on the chain, otherwise those without a conflict."""
        score = self.block_count + 1
        spent: dict[Outpoint, Coin] = {}
        created: list[tuple[Outpoint, Coin]] = []
        accepted: list[str] = []
        fees = 0
        for transaction in block.transactions if on_chain else block.transactions[1:]:
            first = transaction is block.transactions[0]
            coins = [(entry.outpoint, self.coins.get(entry.outpoint)) for entry in transaction.inputs]
            usable = {
                outpoint: coin for outpoint, coin in coins if coin and outpoint not in spent and _ripe(coin, score)
            }
            paid = sum(coin.amount for coin in usable.values())
            out = sum(output.amount for output in transaction.outputs)
            if not first and (len(usable) != len(coins) or not coins or out > paid):
                if on_chain:
                    raise Invalid(f"transaction {transaction.id} spends a missing or immature output")
                continue
            spent |= usable
            fees += 0 if first else paid - out
            accepted.append(transaction.id)
            created += [
                (Outpoint(transaction.id, index), Coin(output.amount, output.script, score, first))
                for index, output in enumerate(transaction.outputs)
            ]
        return Step(block, on_chain, tuple(spent.items()), tuple(created), tuple(accepted), fees, self.commitment)

    def _remember(self, step: Step) -> None:
        self.coins.apply(step)
        self.blocks[step.block.hash] = step.block
        if self.steps:
            self.block_count += 1
            self.commitment = hashing.running(step.commitment, step.block.hash)
        self.steps.append(step)
        if len(self.steps) > KEPT_BLOCKS:
            self.blocks.pop(self.steps.popleft().block.hash)


def genesis(seed: str, premine: tuple[Output, ...], timestamp: int) -> tuple[Block, list[tuple[Outpoint, Coin]]]:
    """The genesis block and the initial coins, which are spendable at once."""
    first = coinbase.make(0, premine[0].script, premine, seed.encode(), version=GENESIS_VERSION)
    root, zero = hashing.merkle_root([first.hash]), hashing.ZERO
    header = Header((), root, zero, zero, timestamp, 0, 0, zero, nonce=0, version=0, bits=BITS)
    block = Block(hashing.header_hash(header), header, (first,))
    coins = [
        (Outpoint(first.id, index), Coin(output.amount, output.script, 0, False))
        for index, output in enumerate(premine)
    ]
    return block, coins


def _reward(step: Step) -> Output:
    from_coinbase = coinbase.miner_script(step.block.transactions[0])
    return Output(SUBSIDY + step.fees, from_coinbase)


def _ripe(coin: Coin, score: int) -> bool:
    return not coin.coinbase or coin.daa_score + COINBASE_MATURITY <= score
