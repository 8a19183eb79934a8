"""The simulator's own money: it mines, gathers what it mined, and pays for `sandbox pay`."""

from __future__ import annotations

from collections.abc import Callable
from hashlib import blake2b

from sandbox.kaspad import hashing, mass
from sandbox.kaspad.coins import Coins
from sandbox.kaspad.model import Coin, Input, Outpoint, Output, Transaction
from sandbox.kaspad.params import (
    COINBASE_MATURITY,
    MAX_BLOCK_MASS,
    MIN_FEE_PER_GRAM,
    NATIVE_SUBNETWORK,
    STORAGE_MASS_PARAMETER,
)

UNSIGNED = "41" + "00" * 64 + "01"
"""Of the length that a Schnorr signature with its hash type has; nothing here checks it."""
GATHER_FROM, GATHER = 150, 80
"""So many ripe coins are let lie, so many are put together at once (as many inputs as a standard transaction holds)."""
MAX_INPUTS = 80


class NotEnough(Exception):
    """The wallet cannot pay that."""


def own_script(seed: str, name: str) -> str:
    """A pay-to-public-key script of the simulator; nobody knows its private key, and nobody needs it."""
    return "000020" + blake2b(f"{seed}/{name}".encode(), digest_size=32).hexdigest() + "ac"


def payment(
    coins: Coins, script: str, target: Output, *, score: int, reserved: Callable[[Outpoint], bool]
) -> Transaction:
    """Pay `target` from the coins of `script`, the rest back. NotEnough when the coins do not reach."""
    inputs: list[tuple[Outpoint, Coin]] = []
    for outpoint, coin in _ripe(coins, script, score, reserved):
        inputs.append((outpoint, coin))
        total = sum(coin.amount for _, coin in inputs)
        fee = _fee(len(inputs), 2)
        if total >= target.amount + fee + MIN_CHANGE:
            return _built(inputs, [target, Output(total - target.amount - fee, script)])
        if len(inputs) == MAX_INPUTS:
            break
    raise NotEnough(f"the simulator's wallet holds less than {target.amount} sompi in {MAX_INPUTS} coins")


def gathering(coins: Coins, script: str, score: int, reserved: Callable[[Outpoint], bool]) -> Transaction | None:
    """Put the smallest ripe coins together once there are many, so that the UTXO set stays small."""
    if len(coins.of_script(script)) < COINBASE_MATURITY:
        return None
    ripe = _ripe(coins, script, score, reserved)
    if len(ripe) < GATHER_FROM:
        return None
    inputs = ripe[-GATHER:]
    total = sum(coin.amount for _, coin in inputs)
    return _built(inputs, [Output(total - _fee(len(inputs), 1), script)])


def taking_back(inputs: list[tuple[Outpoint, Coin]], script: str) -> Transaction:
    """Another use of the same inputs: all of it to `script`. What the other side of a split would hold."""
    total = sum(coin.amount for _, coin in inputs)
    return _built(inputs, [Output(total - _fee(len(inputs), 1), script)])


def _ripe(coins: Coins, script: str, score: int, reserved: Callable[[Outpoint], bool]) -> list[tuple[Outpoint, Coin]]:
    """Spendable coins, the largest first."""
    usable = [
        (outpoint, coin)
        for outpoint, coin in coins.of_script(script).items()
        if (not coin.coinbase or coin.daa_score + COINBASE_MATURITY <= score) and not reserved(outpoint)
    ]
    return sorted(usable, key=lambda item: -item[1].amount)


def _built(inputs: list[tuple[Outpoint, Coin]], outputs: list[Output]) -> Transaction:
    storage = mass.storage_mass([coin.amount for _, coin in inputs], [output.amount for output in outputs])
    return hashing.finished(
        Transaction(
            tuple(Input(outpoint, UNSIGNED, 0, 1) for outpoint, _ in inputs), tuple(outputs), NATIVE_SUBNETWORK
        ),
        storage,
    )


def _fee(inputs: int, outputs: int) -> int:
    """The least that the mempool asks, for pay-to-public-key on both sides."""
    template = Transaction(
        tuple(Input(Outpoint(hashing.ZERO, place), UNSIGNED, 0, 1) for place in range(inputs)),
        (Output(0, own_script("", "")),) * outputs,
        NATIVE_SUBNETWORK,
    )
    return mass.compute_mass(template) * MIN_FEE_PER_GRAM


MIN_CHANGE = STORAGE_MASS_PARAMETER * 5 // MAX_BLOCK_MASS
"""Sompi; an output of this size has a fifth of the storage mass (KIP-9) that a transaction may have."""
