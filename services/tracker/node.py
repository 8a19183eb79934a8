"""The tracker's calls to kaspad, and what it requires of the node."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from nodeclients.kaspad import KaspadClient

from tracker.ledger import Utxo, parse_entry
from tracker.networks import KaspaNetwork

ADDRESSES_AT_ONCE = 100
"""Addresses in one call for unspent outputs: bounds the size of the answer and the tracker's memory."""
SNAPSHOT_DEADLINE_S = 60.0


class NodeUnsuitable(Exception):
    """The node answers, but the tracker cannot use it; the message says why."""


@dataclass(frozen=True)
class NodeInfo:
    synced: bool
    daa_score: int
    version: str


@dataclass(frozen=True)
class Snapshot:
    """All unspent outputs. `daa_score` and `sink` were read just before them, so they are never newer."""

    utxos: tuple[Utxo, ...]
    daa_score: int
    sink: bytes


async def server_info(client: KaspadClient, network: KaspaNetwork, timeout_s: float) -> NodeInfo:
    """The node's state. Raises NodeUnsuitable if it is on another network or runs without a UTXO index.

    Without `--utxoindex` kaspad accepts a subscription to UtxosChanged but never notifies
    (github.com/kaspanet/rusty-kaspa/issues/960), so the tracker checks for the index.
    """
    info = await client.call("getServerInfo", timeout_s=timeout_s)
    if info.get("networkId") != network.node_id:
        raise NodeUnsuitable(f"kaspad is on {info.get('networkId')}, but {network.name} requires {network.node_id}")
    if info.get("hasUtxoIndex") is not True:
        raise NodeUnsuitable("kaspad runs without a UTXO index, which the tracker requires: start it with --utxoindex")
    synced = bool(info.get("isSynced")) or not network.must_be_synced
    return NodeInfo(synced, int(info.get("virtualDaaScore", 0)), str(info.get("serverVersion", "")))


async def snapshot(client: KaspadClient, addresses: Sequence[str]) -> Snapshot:
    """All unspent outputs of at most ADDRESSES_AT_ONCE addresses."""
    dag = await client.call("getBlockDagInfo")
    answer = await client.call("getUtxosByAddresses", {"addresses": list(addresses)}, timeout_s=SNAPSHOT_DEADLINE_S)
    utxos = tuple(parse_entry(entry) for entry in _entries(answer))
    return Snapshot(utxos, int(dag["virtualDaaScore"]), bytes.fromhex(dag["sink"]))


async def balances(client: KaspadClient, addresses: Collection[str], timeout_s: float) -> dict[str, int]:
    """Balances in sompi by address. kaspad answers null for an address without unspent outputs, which means 0."""
    answer = await client.call("getBalancesByAddresses", {"addresses": list(addresses)}, timeout_s=timeout_s)
    return {entry["address"]: int(entry.get("balance") or 0) for entry in _entries(answer)}


def _entries(answer: dict[str, Any]) -> list[dict[str, Any]]:
    """The `entries` of an answer. A missing list is an error, not an empty list."""
    entries = answer.get("entries")
    if not isinstance(entries, list):
        raise ValueError("kaspad answered without a list of entries")
    return entries
