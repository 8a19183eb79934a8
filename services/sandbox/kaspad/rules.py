"""What the mempool accepts. Texts are kaspad's: mining/errors/src/mempool.rs and consensus/core/src/errors/tx.rs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from sandbox.kaspad import hashing, mass
from sandbox.kaspad.model import Coin, Outpoint, Transaction
from sandbox.kaspad.params import COINBASE_MATURITY, MAX_BLOCK_MASS, MAX_SOMPI, MIN_FEE_PER_GRAM


class Rejected(Exception):
    """The mempool does not accept a transaction; the message is kaspad's."""


@dataclass(frozen=True)
class Checked:
    """A valid transaction with the values that depend on its inputs."""

    transaction: Transaction
    fee: int
    spent: tuple[tuple[Outpoint, Coin], ...]


def check(transaction: Transaction, coin_of: Callable[[Outpoint], Coin | None], daa_score: int) -> Checked:
    """Check everything except signatures. `coin_of` finds confirmed and unconfirmed outputs. Raises Rejected."""
    known = hashing.finished(transaction, 0)
    if not transaction.inputs:
        raise Rejected("transaction has no inputs")
    if len({entry.outpoint for entry in transaction.inputs}) != len(transaction.inputs):
        raise Rejected("transaction has duplicate inputs")
    for place, output in enumerate(transaction.outputs):
        if output.amount == 0:
            raise Rejected(f"transaction output {place} has zero value")
        if output.amount > MAX_SOMPI:
            raise Rejected(f"transaction output {place} value is higher than the max allowed of {MAX_SOMPI}")
    spent = []
    for place, entry in enumerate(transaction.inputs):
        coin = coin_of(entry.outpoint)
        if coin is None:
            raise Rejected(f"transaction {known.id} is an orphan where orphan is disallowed")
        if coin.coinbase and coin.daa_score + COINBASE_MATURITY > daa_score:
            raise Rejected(
                f"one of the transaction inputs spends an immature UTXO: transaction input #{place} tried to spend "
                f"coinbase outpoint {entry.outpoint} with daa score of {coin.daa_score} \n    while the merging block "
                f"daa score is {daa_score} and the coinbase maturity period of {COINBASE_MATURITY} hasn't passed yet"
            )
        spent.append((entry.outpoint, coin))
    return _weigh(transaction, known, tuple(spent))


def _weigh(transaction: Transaction, known: Transaction, spent: tuple[tuple[Outpoint, Coin], ...]) -> Checked:
    total_in = sum(coin.amount for _, coin in spent)
    total_out = sum(output.amount for output in transaction.outputs)
    if total_out > total_in:
        raise Rejected(f"transaction tries to spend {total_out} while its total inputs amount is {total_in}")
    storage = mass.storage_mass([coin.amount for _, coin in spent], [output.amount for output in transaction.outputs])
    for kind, grams in (("compute", known.compute_mass), ("storage", storage)):
        if grams > MAX_BLOCK_MASS:
            raise Rejected(f"transaction {kind} mass of {grams} is larger than max allowed size of {MAX_BLOCK_MASS}")
    fee, floor = total_in - total_out, known.compute_mass * MIN_FEE_PER_GRAM
    if fee < floor:
        raise _non_standard(known, f"transaction has {fee} fees which is under the required amount of {floor}")
    return Checked(hashing.finished(transaction, storage), fee, spent)


def _non_standard(transaction: Transaction, reason: str) -> Rejected:
    return Rejected(f"transaction {transaction.id} is not standard: {reason}")
