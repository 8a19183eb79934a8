"""The simulator's own coins: mined coins, which `sandbox pay` spends, and the coins of the background flow.

The scripts are P2WSH of `<32 bytes> OP_DROP OP_TRUE`: anyone can spend them without a signature, and a real node would
accept the same transactions.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Sequence
from hashlib import sha256

from sandbox.bitcoind.coins import Coin
from sandbox.bitcoind.params import COINBASE_MATURITY, RBF_SEQUENCE
from sandbox.bitcoind.tx import Outpoint, Tx, TxIn, TxOut

MINER, FLOW = "miner", "flow"
FLOW_SCRIPTS = 64
PAY_RATE = 10
"""Fee rate of `sandbox pay`, sat per vB."""
MAX_INPUTS = 200
SMALLEST = 1000
"""Minimum of change and of the flow's first coins in satoshis, above any dust limit."""
OUTPUT_BYTES = 50
"""Bytes to pay for per output: 43, and its share of the rest."""


class InsufficientFunds(Exception):
    """The purse does not have enough coins; the message says so."""


class Wallet:
    """Scripts, and transactions that spend them."""

    def __init__(self, seed: str) -> None:
        witness = [_witness_script(seed, MINER), *(_witness_script(seed, f"{FLOW}/{n}") for n in range(FLOW_SCRIPTS))]
        self._witness = {_script(each): each for each in witness}
        self.miner, *self.flow = self._witness
        self.rival = _script(_witness_script(seed, "rival"))
        self.purse_of = {self.miner: MINER, **dict.fromkeys(self.flow, FLOW)}

    def payment(
        self,
        target: TxOut,
        coins: Iterable[tuple[Outpoint, Coin]],
        *,
        change: bytes,
        fee_rate: int,
        least_inputs: int = 1,
    ) -> Tx:
        """Pay `target` from the first `coins` that suffice, the rest to `change`. Raises InsufficientFunds."""
        chosen: list[tuple[Outpoint, Coin]] = []
        for item in coins:
            chosen.append(item)
            if len(chosen) < least_inputs:
                continue
            total = sum(coin.amount for _, coin in chosen)
            fee = fee_rate * self._built(chosen, [target, TxOut(0, change)]).vsize
            rest = total - target.amount - fee
            if rest >= SMALLEST:
                return self._built(chosen, [target, TxOut(rest, change)])
            if len(chosen) == MAX_INPUTS:
                break
        raise InsufficientFunds(
            f"the simulator's wallet cannot pay {target.amount} sat from its {len(chosen)} mature coins"
        )

    def split(self, item: tuple[Outpoint, Coin], into: int, rng: random.Random) -> Tx:
        """Split a coin into many of different sizes, for the flow."""
        weights = [rng.lognormvariate(0, 0.5) for _ in range(into)]
        rest = item[1].amount - (SMALLEST + PAY_RATE * OUTPUT_BYTES) * into
        shares = [int(rest * weight / sum(weights)) + SMALLEST for weight in weights]
        return self._built([item], [TxOut(share, rng.choice(self.flow)) for share in shares])

    def sweep(self, coins: Sequence[tuple[Outpoint, Coin]], script: bytes) -> Tx:
        """Send all of these coins to one output of `script`."""
        total = sum(coin.amount for _, coin in coins)
        fee = PAY_RATE * self._built(coins, [TxOut(0, script)]).vsize
        return self._built(coins, [TxOut(total - fee, script)])

    def owns(self, script: bytes) -> bool:
        return script in self._witness

    def _built(self, coins: Sequence[tuple[Outpoint, Coin]], outs: Sequence[TxOut]) -> Tx:
        ins = tuple(TxIn(outpoint, b"", RBF_SEQUENCE, (self._witness[coin.script],)) for outpoint, coin in coins)
        return Tx(ins, tuple(outs))


def ripe(
    purse: dict[Outpoint, Coin], height: int, spent: Callable[[Outpoint], object]
) -> Iterable[tuple[Outpoint, Coin]]:
    """Mature coins of a purse for the block after `height`, without those that an unconfirmed transaction spends."""
    for outpoint, coin in purse.items():
        if (not coin.coinbase or height + 1 - coin.height >= COINBASE_MATURITY) and not spent(outpoint):
            yield outpoint, coin


def _witness_script(seed: str, name: str) -> bytes:
    return b"\x20" + sha256(f"{seed}/{name}".encode()).digest() + b"\x75\x51"


def _script(witness_script: bytes) -> bytes:
    return b"\x00\x20" + sha256(witness_script).digest()
