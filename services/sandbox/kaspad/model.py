"""Values of the simulated chain. Hashes, scripts and payloads are hex strings as in wRPC JSON; amounts are in sompi."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple


class Outpoint(NamedTuple):
    transaction_id: str
    output_index: int

    def __str__(self) -> str:
        """The format of kaspad's error messages."""
        return f"({self.transaction_id}, {self.output_index})"


class Coin(NamedTuple):
    """An unspent output."""

    amount: int
    script: str
    """scriptPublicKey: two bytes of version, then the script."""
    daa_score: int
    coinbase: bool


class Output(NamedTuple):
    amount: int
    script: str


@dataclass(frozen=True, slots=True)
class Input:
    outpoint: Outpoint
    signature_script: str
    sequence: int
    sig_op_count: int


@dataclass(frozen=True, slots=True)
class Transaction:
    """A transaction of version 0. `hashing.finished` sets `id`, `hash` and the masses."""

    inputs: tuple[Input, ...]
    outputs: tuple[Output, ...]
    subnetwork: str
    payload: str = ""
    version: int = 0
    lock_time: int = 0
    gas: int = 0
    storage_mass: int = 0
    compute_mass: int = 0
    id: str = ""
    hash: str = ""


@dataclass(frozen=True, slots=True)
class Header:
    parents: tuple[str, ...]
    merkle_root: str
    accepted_root: str
    utxo_commitment: str
    timestamp: int
    """Unix ms."""
    daa_score: int
    blue_score: int
    pruning_point: str
    nonce: int
    version: int
    bits: int


@dataclass(frozen=True, slots=True)
class Block:
    hash: str
    header: Header
    transactions: tuple[Transaction, ...]
    """The coinbase first."""


@dataclass(frozen=True, slots=True)
class Step:
    """One block's effect on the virtual UTXO set, with everything needed to undo it."""

    block: Block
    on_chain: bool
    """False for a parallel block."""
    spent: tuple[tuple[Outpoint, Coin], ...]
    created: tuple[tuple[Outpoint, Coin], ...]
    accepted: tuple[str, ...]
    """Ids of its transactions that took effect; the next chain block lists them as accepted."""
    fees: int
    commitment: str
    """UTXO commitment before this block."""


@dataclass(frozen=True)
class Change:
    """One change of the virtual state as clients see it."""

    blocks: tuple[Block, ...]
    removed_chain: tuple[str, ...]
    """Newest first, as kaspad sends them."""
    added_chain: tuple[tuple[str, tuple[str, ...]], ...]
    """(chain block, ids of the transactions that it accepts)."""
    spent: dict[Outpoint, Coin]
    created: dict[Outpoint, Coin]
