"""What the mempool accepts. Codes and texts are bitcoind's, as recorded in tests/data/bitcoind/regtest-31.99.jsonl."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from sandbox.bitcoind.coins import Coin
from sandbox.bitcoind.params import COIN, COINBASE_MATURITY, MAX_STANDARD_WEIGHT, RELAY_FEE
from sandbox.bitcoind.tx import Outpoint, Tx

VERIFY_ERROR, REJECTED = -25, -26


class Refusal(Exception):
    """The mempool does not accept a transaction: RPC error code and reason."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason


@dataclass(frozen=True)
class Priced:
    """A transaction with the values that depend on its inputs."""

    tx: Tx
    fee: int
    spent: tuple[Coin, ...]


def check(tx: Tx, coin_of: Callable[[Outpoint], Coin | None], height: int) -> Priced:
    """Check everything except signatures and conflicts, for the block after `height`. Raises Refusal."""
    if not tx.outs:
        raise Refusal(REJECTED, "bad-txns-vout-empty")
    if tx.is_coinbase:
        raise Refusal(REJECTED, "coinbase")
    if len({entry.outpoint for entry in tx.ins}) != len(tx.ins):
        raise Refusal(REJECTED, "bad-txns-inputs-duplicate")
    if any(output.amount > 21_000_000 * COIN for output in tx.outs):
        raise Refusal(REJECTED, "bad-txns-vout-toolarge")
    if tx.weight > MAX_STANDARD_WEIGHT:
        raise Refusal(REJECTED, "tx-size")
    spent = []
    for entry in tx.ins:
        coin = coin_of(entry.outpoint)
        if coin is None:
            raise Refusal(VERIFY_ERROR, "bad-txns-inputs-missingorspent")
        depth = height + 1 - coin.height
        if coin.coinbase and depth < COINBASE_MATURITY:
            reason = f"bad-txns-premature-spend-of-coinbase, tried to spend coinbase at depth {depth}"
            raise Refusal(REJECTED, reason)
        spent.append(coin)
    total_in, total_out = sum(coin.amount for coin in spent), sum(output.amount for output in tx.outs)
    if total_in < total_out:
        amounts = f"value in ({btc(total_in)}) < value out ({btc(total_out)})"
        raise Refusal(REJECTED, f"bad-txns-in-belowout, {amounts}")
    fee = total_in - total_out
    if fee and any(output.amount < dust_limit(output.script) for output in tx.outs):
        raise Refusal(REJECTED, "dust, tx with dust output must be 0-fee")
    floor = relay_fee(tx.vsize)
    if fee < floor:
        raise Refusal(REJECTED, f"min relay fee not met, {fee} < {floor}")
    return Priced(tx, fee, tuple(spent))


def relay_fee(vsize: int) -> int:
    """The minimum fee (sat) of a transaction of `vsize` bytes, and the minimum increase for a replacement."""
    return -(-vsize * RELAY_FEE // 1000)


def dust_limit(script: bytes) -> int:
    """Satoshis below which an output costs more to spend than it holds: GetDustThreshold, src/policy/policy.cpp."""
    if script[:1] == b"\x6a":
        return 0
    witness = 4 <= len(script) <= 42 and script[1] == len(script) - 2 and (script[0] == 0 or 0x51 <= script[0] <= 0x60)
    return 3 * (8 + 1 + len(script) + (67 if witness else 148))


def btc(amount: int) -> str:
    """Satoshis as BTC in the format of Core's messages: at least two decimals."""
    whole, rest = divmod(amount, COIN)
    return f"{whole}.{f'{rest:08d}'.rstrip('0').ljust(2, '0')}"
