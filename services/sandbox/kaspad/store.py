"""The chain on disk, so that balances survive a restart: one small JSON file in the node's data folder.

It holds the UTXO set and the last blocks. Like the real node, it does not save unconfirmed transactions.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

from sandbox import files
from sandbox.kaspad import hashing
from sandbox.kaspad.chain import Chain
from sandbox.kaspad.model import Block, Coin, Header, Input, Outpoint, Output, Step, Transaction

log = logging.getLogger(__name__)

FORMAT = 1


def saving(path: Path, chain: Chain) -> Callable[[], None]:
    """Copies the state; the function that it returns writes the copy and may run in another thread."""
    head = {"genesis": chain.genesis, "block_count": chain.block_count, "commitment": chain.commitment}
    coins, steps = list(chain.coins), list(chain.steps)

    def write() -> None:
        rows = {"coins": [[*outpoint, *coin] for outpoint, coin in coins], "steps": [_step(step) for step in steps]}
        files.replace(path, json.dumps({"version": FORMAT, **head, **rows}, separators=(",", ":")))

    return write


def load(path: Path, chain: Chain) -> None:
    """Load the saved state into a new chain, if there is one with the same seed."""
    if not path.exists():
        return
    state = json.loads(path.read_text())
    if state["version"] != FORMAT or state["genesis"] != chain.genesis:
        log.warning("%s holds a chain of another seed or format: a new chain replaces it", path)
        return
    chain.restore(
        [_read_step(row) for row in state["steps"]],
        [(Outpoint(*row[:2]), Coin(*row[2:])) for row in state["coins"]],
        state["block_count"],
        state["commitment"],
    )


def _step(step: Step) -> dict[str, Any]:
    header = step.block.header
    return {
        "header": [getattr(header, name) for name in _HEADER],
        "transactions": [_transaction(value) for value in step.block.transactions],
        "on_chain": step.on_chain,
        "spent": [[*outpoint, *coin] for outpoint, coin in step.spent],
        "created": [[*outpoint, *coin] for outpoint, coin in step.created],
        "accepted": step.accepted,
        "fees": step.fees,
        "commitment": step.commitment,
    }


def _read_step(row: dict[str, Any]) -> Step:
    parents, *rest = row["header"]
    header = Header(tuple(parents), *rest)
    transactions = tuple(_read_transaction(value) for value in row["transactions"])
    return Step(
        Block(hashing.header_hash(header), header, transactions),
        row["on_chain"],
        tuple((Outpoint(*item[:2]), Coin(*item[2:])) for item in row["spent"]),
        tuple((Outpoint(*item[:2]), Coin(*item[2:])) for item in row["created"]),
        tuple(row["accepted"]),
        row["fees"],
        row["commitment"],
    )


_HEADER = tuple(Header.__dataclass_fields__)


def _transaction(value: Transaction) -> list[Any]:
    inputs = [[*entry.outpoint, entry.signature_script, entry.sequence, entry.sig_op_count] for entry in value.inputs]
    return [inputs, value.outputs, value.subnetwork, value.payload, value.lock_time, value.gas, value.storage_mass]


def _read_transaction(row: list[Any]) -> Transaction:
    inputs, outputs, subnetwork, payload, lock_time, gas, storage_mass = row
    return hashing.finished(
        Transaction(
            tuple(Input(Outpoint(*item[:2]), *item[2:]) for item in inputs),
            tuple(Output(*item) for item in outputs),
            subnetwork,
            payload,
            lock_time=lock_time,
            gas=gas,
        ),
        storage_mass,
    )
