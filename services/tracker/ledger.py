"""Unspent outputs and how they change. Pure.

The node reports changes by outpoint, and applying them is idempotent: the latest change of an outpoint wins. So
notifications that overlap a snapshot can be applied on top of it, and the ledger still ends in the node's state.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple


class Outpoint(NamedTuple):
    transaction_id: bytes
    """32 bytes."""
    output_index: int


@dataclass(frozen=True, slots=True)
class Utxo:
    outpoint: Outpoint
    address: str
    amount: int
    """Sompi."""
    block_daa_score: int
    is_coinbase: bool


@dataclass(frozen=True)
class Change:
    """Outpoints to remove and outputs to add. No outpoint is in both."""

    removed: Mapping[Outpoint, str] = field(default_factory=dict)
    """Outpoint -> the address that owned it."""
    added: Mapping[Outpoint, Utxo] = field(default_factory=dict)

    @property
    def addresses(self) -> frozenset[str]:
        return frozenset(self.removed.values()) | {utxo.address for utxo in self.added.values()}

    def only(self, addresses: Iterable[str]) -> Change:
        """The part that touches these addresses."""
        wanted = frozenset(addresses)
        return Change(
            {outpoint: address for outpoint, address in self.removed.items() if address in wanted},
            {outpoint: utxo for outpoint, utxo in self.added.items() if utxo.address in wanted},
        )


def parse_entry(entry: Mapping[str, Any]) -> Utxo:
    """One entry of getUtxosByAddresses or UtxosChanged. Raises ValueError for any other shape.

    Shape: rusty-kaspa v2.0.1, rpc/core/src/model/tx.rs RpcUtxosByAddressesEntry. `address` may be null for a script
    that has no address. A subscription by address never receives such an entry, so here it is an error.
    """
    try:
        outpoint, utxo, address = entry["outpoint"], entry["utxoEntry"], entry["address"]
        transaction_id = bytes.fromhex(outpoint["transactionId"])
        index, amount, daa = outpoint["index"], utxo["amount"], utxo["blockDaaScore"]
        coinbase = utxo["isCoinbase"]
    except (KeyError, TypeError) as error:
        raise ValueError(f"kaspad sent an unspent output of an unknown shape ({error})") from error
    numbers = all(type(value) is int and 0 <= value < 1 << 63 for value in (index, amount, daa))
    if not numbers or len(transaction_id) != 32 or not isinstance(address, str) or not isinstance(coinbase, bool):
        raise ValueError("kaspad sent an unspent output with a value of the wrong type")
    return Utxo(Outpoint(transaction_id, index), address, amount, daa, coinbase)


def parse_change(payload: Mapping[str, Any]) -> Change:
    """The payload of one UtxosChanged notification. Raises ValueError for any other shape.

    After a reorganisation an outpoint may be in both lists (removed with the old block, added by the new one with
    another DAA score; recorded from 2.0.1). The removal applies first.
    """
    removed, added = payload.get("removed"), payload.get("added")
    if not isinstance(removed, list) or not isinstance(added, list):
        raise ValueError("kaspad sent a UtxosChanged notification without its two lists")
    taken = {utxo.outpoint: utxo.address for utxo in map(parse_entry, removed)}
    put = {utxo.outpoint: utxo for utxo in map(parse_entry, added)}
    return Change({outpoint: address for outpoint, address in taken.items() if outpoint not in put}, put)


def fold(changes: Iterable[Change]) -> Change:
    """Merge changes, oldest first, into one: the latest change of each outpoint wins."""
    removed: dict[Outpoint, str] = {}
    added: dict[Outpoint, Utxo] = {}
    for change in changes:
        for outpoint, address in change.removed.items():
            added.pop(outpoint, None)
            removed[outpoint] = address
        for outpoint, utxo in change.added.items():
            removed.pop(outpoint, None)
            added[outpoint] = utxo
    return Change(removed, added)


def apply(utxos: Mapping[Outpoint, Utxo], change: Change) -> dict[Outpoint, Utxo]:
    """The set after the change. `store.balances.apply` does the same in SQL; tests compare the two."""
    kept = {outpoint: utxo for outpoint, utxo in utxos.items() if outpoint not in change.removed}
    return kept | dict(change.added)
