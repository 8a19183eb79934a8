"""The simulator's own coins: it mines them, consolidates them, and spends them for `sandbox pay`."""

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
"""A placeholder with the length of a Schnorr signature and its hash type; nothing checks it."""
GATHER_FROM, GATHER = 150, 80
"""Consolidate from 150 mature coins on, 80 at a time, which is as many inputs as a standard transaction can have."""
MAX_INPUTS = 80


class InsufficientFunds(Exception):
    """The wallet does not have enough coins."""


def own_script(seed: str, name: str) -> str:
    """A pay-to-public-key script of the simulator. The private key is unknown and not needed."""
    return "000020" + blake2b(f"{seed}/{name}".encode(), digest_size=32).hexdigest() + "ac"


def payment(
    coins: Coins, script: str, target: Output, *, score: int, reserved: Callable[[Outpoint], bool]
) -> Transaction:
    """Pay `target` from the coins of `script`, with the change back to it. Raises InsufficientFunds."""
    inputs: list[tuple[Outpoint, Coin]] = []
    for outpoint, coin in _ripe(coins, script, score, reserved):
        inputs.append((outpoint, coin))
        total = sum(coin.amount for _, coin in inputs)
        fee = _fee(len(inputs), 2)
        if total >= target.amount + fee + MIN_CHANGE:
            return _built(inputs, [target, Output(total - target.amount - fee, script)])
        if len(inputs) == MAX_INPUTS:
            break
    raise InsufficientFunds(f"the simulator's wallet holds less than {target.amount} sompi in {MAX_INPUTS} coins")


def consolidation(coins: Coins, script: str, score: int, reserved: Callable[[Outpoint], bool]) -> Transaction | None:
    """Consolidate the smallest mature coins once there are many, which keeps the UTXO set small."""
    if len(coins.of_script(script)) < COINBASE_MATURITY:
        return None
    ripe = _ripe(coins, script, score, reserved)
    if len(ripe) < GATHER_FROM:
        return None
    inputs = ripe[-GATHER:]
    total = sum(coin.amount for _, coin in inputs)
    return _built(inputs, [Output(total - _fee(len(inputs), 1), script)])


def double_spend(inputs: list[tuple[Outpoint, Coin]], script: str) -> Transaction:
    """Spend the same inputs to `script` instead, as the other branch of a reorg would."""
    total = sum(coin.amount for _, coin in inputs)
    return _built(inputs, [Output(total - _fee(len(inputs), 1), script)])


def _ripe(coins: Coins, script: str, score: int, reserved: Callable[[Outpoint], bool]) -> list[tuple[Outpoint, Coin]]:
    """Spendable coins, largest first."""
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
    """The minimum fee with pay-to-public-key inputs and outputs."""
    template = Transaction(
        tuple(Input(Outpoint(hashing.ZERO, place), UNSIGNED, 0, 1) for place in range(inputs)),
        (Output(0, own_script("", "")),) * outputs,
        NATIVE_SUBNETWORK,
    )
    return mass.compute_mass(template) * MIN_FEE_PER_GRAM


MIN_CHANGE = STORAGE_MASS_PARAMETER * 5 // MAX_BLOCK_MASS
"""Sompi; an output of this size has a fifth of the storage mass (KIP-9) that a transaction may have."""
