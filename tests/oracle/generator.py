"""Payments of round dollars at a moving price, some of which are replaced."""

from __future__ import annotations

import random
import time
from hashlib import sha256
from itertools import islice
from typing import Any

from sandbox.bitcoind import flow
from sandbox.bitcoind.tx import Outpoint, Tx, TxIn, TxOut

from tests.oracle.bitcoind import Bitcoind, Coin, RpcError

FEE = 2000
SPEED = 4
"""How much faster than the clock the price moves: at most 6 % an hour."""
BATCH = 200


class Generator:
    """Pays from coins that are hours old."""

    def __init__(self, node: Bitcoind, seed: int = 1) -> None:
        self._node = node
        self._rng = random.Random(seed)
        self.coins = node.old_coins(self._rng)
        self._began = time.time()
        self._amounts = flow.payments(self._rng, self._now)
        self.sent: list[tuple[Tx, Coin]] = []
        """What was sent last, with the coin it spends."""

    @property
    def price(self) -> float:
        """USD per BTC."""
        return flow.price_at(self._now())

    def pay(self, count: int) -> None:
        """Send payments, each from its own coin."""
        self.sent = []
        for amount in islice(self._amounts, count):
            coin = self.coins.pop()
            if coin.amount - amount - FEE > 1000:
                self.sent.append((self._payment(coin, amount, FEE), coin))
        self._send([tx for tx, _ in self.sent])

    def replace(self, count: int) -> None:
        """Replace some of the last payments with a higher fee and another amount."""
        again = self._rng.sample(self.sent, count)
        self._send([self._payment(coin, tx.outs[0].amount + 1, 3 * FEE) for tx, coin in again])

    def spend_on(self, count: int) -> None:
        """Children that pay for some of the last payments' change (CPFP)."""
        children = []
        for tx, coin in self._rng.sample(self.sent, count):
            change = Coin(Outpoint(tx.txid, 1), tx.outs[1].amount, coin.witness_script)
            if change.amount > 10 * FEE:
                children.append(self._payment(change, change.amount // 2, 4 * FEE, ours=True))
        self._send(children, may_fail=True)

    def fill(self, count: int, outputs: int) -> None:
        """Large transactions that are not payments, each with a higher fee than the one before."""
        large = []
        for n in range(count):
            coin = self.coins.pop()
            fee = 100 * outputs + 100 * n
            outs = tuple(TxOut((coin.amount - fee) // outputs, self._stranger()) for _ in range(outputs))
            large.append(Tx((self._spent(coin),), outs))
        self._send(large, may_fail=True)

    def _payment(self, coin: Coin, amount: int, fee: int, ours: bool = False) -> Tx:
        change = _script(coin.witness_script) if not ours else self._stranger()
        outs = (TxOut(amount, self._stranger()), TxOut(coin.amount - amount - fee, change))
        return Tx((self._spent(coin),), outs)

    def _spent(self, coin: Coin) -> TxIn:
        return TxIn(coin.outpoint, b"", 0xFFFFFFFD, (coin.witness_script,))

    def _stranger(self) -> bytes:
        return b"\x00\x14" + self._rng.randbytes(20)

    def _send(self, transactions: list[Tx], may_fail: bool = False) -> None:
        for first in range(0, len(transactions), BATCH):
            calls = [("sendrawtransaction", (tx.raw.hex(), 0)) for tx in transactions[first : first + BATCH]]
            failed: list[Any] = [answer for answer in self._node.batch(calls) if isinstance(answer, RpcError)]
            assert may_fail or not failed, failed[:3]

    def _now(self) -> float:
        return self._began + SPEED * (time.time() - self._began)


def _script(witness_script: bytes) -> bytes:
    return b"\x00\x20" + sha256(witness_script).digest()
