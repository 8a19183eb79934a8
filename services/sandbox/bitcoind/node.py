"""The simulated bitcoind: chain, mempool and wallet. Every change is published over ZMQ."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from typing import Any

from nodeclients import segwit

from sandbox.bitcoind import flow, store
from sandbox.bitcoind.block import Block
from sandbox.bitcoind.chain import Chain, Connected
from sandbox.bitcoind.coins import Coin
from sandbox.bitcoind.conf import Conf
from sandbox.bitcoind.mempool import Mempool
from sandbox.bitcoind.notifier import Notifier
from sandbox.bitcoind.params import COINBASE_MATURITY, GENESIS_TIME, HRP, START_HEIGHT
from sandbox.bitcoind.policy import Refusal
from sandbox.bitcoind.tx import Outpoint, Tx, TxOut
from sandbox.bitcoind.wallet import FLOW, MINER, PAY_RATE, InsufficientFunds, Wallet, ripe
from sandbox.control_server import Refused
from sandbox.faults import Faults

FAN_OUTS, FAN = 20, 800
"""At the start, 20 coinbases are split into 800 coins each for the flow."""
FLOW_COINS, SWEPT = 16_500, 50
"""With more than FLOW_COINS coins, the flow consolidates the newest ones, SWEPT at a time.

FLOW_COINS last three hours at one payment per second, so within that time no payment spends another payment's output;
the oracle ignores such children.
"""
PAST_S, PAST_BLOCK_S, PAST_PAYMENTS = 3 * 3600, 600, 100
"""The history that a simulator with background payments creates at its start: blocks, and payments in each."""
BUMPED = 0.05
"""Share of background transactions that a transaction with a higher fee replaces."""


class Node:
    """The node's state. RPC calls `submit` and `generate`, the clocks `tick_*`, the control socket the verbs."""

    def __init__(self, conf: Conf, seed: str, amounts: Iterator[int] | None = None) -> None:
        self.conf = conf
        self.faults = Faults()
        self.wallet = Wallet(seed)
        self.chain = Chain(self.wallet.purse_of)
        self.mempool = Mempool()
        self.notifier = Notifier(conf.publishers)
        self.started = time.time()
        self._rng = random.Random(seed)
        self._past: float | None = None
        self._amounts = amounts or flow.payments(self._rng, self.now)
        if not store.load(conf.datadir, self.chain):
            self._begin()

    def now(self) -> float:
        """Unix s; while the past is being created, the time in it."""
        return time.time() if self._past is None else self._past

    def submit(self, tx: Tx) -> None:
        """Add a transaction to the mempool. Raises Refusal if it is not accepted."""
        priced, replaced = self.mempool.judge(tx, self.chain.coins.get, self.chain.height)
        self._evict(replaced)
        self.mempool.add(priced, int(self.now()), self.chain.height)
        self.notifier.transaction(tx)
        self.notifier.mempool("A", tx.txid, self.mempool.next_sequence())

    def generate(self, script: bytes) -> bytes:
        """Mine the unconfirmed transactions; the hash of the new block."""
        chosen = self.mempool.selected()
        fees = sum(entry.priced.fee for entry in chosen)
        block = self.chain.mined(script, [entry.tx for entry in chosen], fees, int(self.now()))
        self._connect(block)
        self.notifier.tip(block)
        return block.hash

    def tick_block(self) -> None:
        """Mine a block, then consolidate the coins of the flow."""
        self.generate(self.wallet.miner)
        for _ in range(FLOW_COINS, len(self.chain.coins.purses[FLOW]), SWEPT - 1):
            self.submit(self.wallet.sweep(self._youngest(SWEPT), self.wallet.flow[0]))

    def tick_flow(self) -> None:
        """One background payment, sometimes followed by a replacement with a higher fee."""
        coins = list(self._ripe(FLOW, 16))
        target = TxOut(next(self._amounts), self._rng.choice(self.wallet.flow))
        change, rate = self._rng.choice(self.wallet.flow), self._rng.randint(1, 20)
        try:
            paid = self.wallet.payment(target, coins, change=change, fee_rate=rate)
            self.submit(paid)
            if self._rng.random() < BUMPED:
                used = coins[: len(paid.ins)]
                self.submit(self.wallet.payment(target, used, change=change, fee_rate=rate + 5, least_inputs=len(used)))
        except (InsufficientFunds, Refusal):
            return  # no mature coins at the moment: skip this payment

    def create_history(self) -> None:
        """Create the blocks and payments of the last three hours, unless the chain has blocks in them."""
        now = time.time()
        if self.chain.header(self.chain.tip).time > now - PAST_S:
            return
        for ago in range(PAST_S, 0, -PAST_BLOCK_S):
            self._past = now - ago
            for _ in range(PAST_PAYMENTS):
                self.tick_flow()
            self.tick_block()
        self._past = None

    def pay(self, address: str, amount: int) -> str:
        """Pay satoshis from the wallet to `address`; the transaction id."""
        target = TxOut(amount, self.script_of(address))
        coins = sorted(self._ripe(MINER, len(self.chain.coins)), key=lambda item: -item[1].amount)
        try:
            paid = self.wallet.payment(target, coins, change=self.wallet.miner, fee_rate=PAY_RATE)
            self.submit(paid)
        except InsufficientFunds as fault:
            raise Refused(str(fault)) from fault
        except Refusal as fault:
            raise Refused(f"the mempool rejects the transaction: {fault.reason}") from fault
        return paid.txid[::-1].hex()

    def mine(self, blocks: int, address: str) -> Iterator[str]:
        """The hash of each block as it is mined. Raises Refused at once."""
        script = self.script_of(address) if address else self.wallet.miner
        if not 1 <= blocks <= 10_000:
            raise Refused("the number of blocks must be between 1 and 10000")
        return (self.generate(script)[::-1].hex() for _ in range(blocks))

    def reorg(self, depth: int) -> tuple[list[str], list[str]]:
        """Replace the last `depth` blocks with a branch that is one block longer.

        The new branch spends the coins of the wallet's payments in the removed blocks elsewhere, so those payments are
        undone. Other transactions return to the mempool.
        """
        most = min(self.chain.height - START_HEIGHT, len(self.chain.kept) - 1)
        if not 1 <= depth <= most:
            raise Refused(f"the depth must be between 1 and {most}")
        undone = [self._disconnect() for _ in range(depth)]
        instead = self._double_spends(undone)
        new = []
        for number in range(depth + 1):
            chosen = instead if number == 0 else []
            block = self.chain.mined(self.wallet.rival, chosen, self._fees(chosen), int(time.time()))
            self._connect(block)
            new.append(block)
        self.notifier.tip(new[-1])
        for connected in reversed(undone):
            self._readmit(connected.block)
        self._evict(self.mempool.orphans(self.chain.coins.get, self.chain.height))
        return [each.block.hash[::-1].hex() for each in undone], [block.hash[::-1].hex() for block in new]

    def status(self) -> dict[str, Any]:
        return {
            "node": "bitcoind",
            "height": self.chain.height,
            "tip": self.chain.tip[::-1].hex(),
            "mempool": len(self.mempool.entries),
            "coins": len(self.chain.coins),
            "price_usd": round(flow.price_at(time.time()), 2),
        }

    def save(self) -> None:
        self.saving()()

    def saving(self) -> Callable[[], None]:
        """Copies the state and returns what writes the copy."""
        return store.saving(self.conf.datadir, self.chain)

    def script_of(self, address: str) -> bytes:
        """The output script of a regtest address. Raises Refused for anything else."""
        try:
            hrp, _, _ = segwit.decode(address)
            script = segwit.script(address)
        except ValueError as fault:
            raise Refused(str(fault)) from fault
        if hrp != HRP:
            raise Refused(f"{address} is not a regtest address; these begin with {HRP}1")
        return script

    def _begin(self) -> None:
        """Create the initial chain: deterministic, long enough for mature coins, not published over ZMQ."""
        split_at = COINBASE_MATURITY + FAN_OUTS
        for height in range(1, START_HEIGHT + 1):
            chosen: list[Tx] = []
            if height == split_at + 1:
                coins = list(self._ripe(MINER, FAN_OUTS))
                chosen = [self.wallet.split(item, FAN, self._rng) for item in coins]
            time_then = GENESIS_TIME + 600 * height
            self.chain.connect(self.chain.mined(self.wallet.miner, chosen, self._fees(chosen), time_then))

    def _ripe(self, purse: str, most: int) -> Iterator[tuple[Outpoint, Coin]]:
        found = ripe(self.chain.coins.purses[purse], self.chain.height, self.mempool.spender)
        return (item for item, _ in zip(found, range(most), strict=False))

    def _youngest(self, count: int) -> list[tuple[Outpoint, Coin]]:
        """The newest unspent coins of the flow."""
        purse = reversed(self.chain.coins.purses[FLOW].items())
        return list(islice((item for item in purse if not self.mempool.spender(item[0])), count))

    def _connect(self, block: Block) -> None:
        for tx in block.transactions[1:]:
            self._evict(self.mempool.conflicts(tx))
        self.chain.connect(block)
        for tx in block.transactions[1:]:
            if tx.txid in self.mempool.entries:
                self.mempool.remove(tx.txid)
                self.mempool.next_sequence()
        self.notifier.block("C", block)

    def _disconnect(self) -> Connected:
        connected = self.chain.disconnect()
        self.notifier.block("D", connected.block)
        return connected

    def _evict(self, txids: Sequence[bytes]) -> None:
        for txid in txids:
            self.mempool.remove(txid)
            self.notifier.mempool("R", txid, self.mempool.next_sequence())

    def _readmit(self, block: Block) -> None:
        for tx in block.transactions[1:]:
            try:
                self.submit(tx)
            except Refusal:
                continue

    def _double_spends(self, undone: Sequence[Connected]) -> list[Tx]:
        """For each payment of the wallet in the removed blocks, a transaction that returns its coins to the wallet."""
        instead = []
        for connected in undone:
            for tx in connected.block.transactions[1:]:
                spent = [(entry.outpoint, self.chain.coins.get(entry.outpoint)) for entry in tx.ins]
                own = [(outpoint, coin) for outpoint, coin in spent if coin and coin.script == self.wallet.miner]
                pays = any(not self.wallet.owns(output.script) for output in tx.outs)
                if pays and len(own) == len(spent):
                    instead.append(self.wallet.sweep(own, self.wallet.miner))
        return instead

    def _fees(self, chosen: Sequence[Tx]) -> int:
        """Total fees of transactions whose inputs are all confirmed."""
        coins = (self.chain.coins.get(entry.outpoint) for tx in chosen for entry in tx.ins)
        paid_in = sum(coin.amount for coin in coins if coin)
        return paid_in - sum(output.amount for tx in chosen for output in tx.outs)
