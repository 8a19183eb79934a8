"""What the tracker asks kaspad, and what it demands of it."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from nodeclients.kaspad import KaspadClient

from tracker.ledger import Utxo, parse_entry
from tracker.networks import KaspaNetwork

ADDRESSES_AT_ONCE = 100
"""In one question for unspent outputs: bounds the answer, and with it our memory."""
SNAPSHOT_DEADLINE_S = 60.0


class NodeUnfit(Exception):
    """The node answers, but its balances cannot be followed; a sentence."""


@dataclass(frozen=True)
class NodeInfo:
    synced: bool
    daa_score: int
    version: str


@dataclass(frozen=True)
class Snapshot:
    """All unspent outputs of `addresses`. `daa_score` and `sink` are from just before, so never ahead of them."""

    utxos: tuple[Utxo, ...]
    daa_score: int
    sink: bytes


async def server_info(client: KaspadClient, network: KaspaNetwork, timeout_s: float) -> NodeInfo:
    """Ask who the node is. NodeUnfit for another network, or without an index of unspent outputs.

    Without `--utxoindex` kaspad accepts a subscription to UtxosChanged and then never sends one
    (github.com/kaspanet/rusty-kaspa/issues/960), so this must be asked.
    """
    info = await client.call("getServerInfo", timeout_s=timeout_s)
    if info.get("networkId") != network.node_id:
        raise NodeUnfit(f"kaspad is on {info.get('networkId')}, but {network.name} needs {network.node_id}")
    if info.get("hasUtxoIndex") is not True:
        raise NodeUnfit("kaspad runs without its UTXO index (--utxoindex), so no balance can be followed")
    synced = bool(info.get("isSynced")) or not network.must_be_synced
    return NodeInfo(synced, int(info.get("virtualDaaScore", 0)), str(info.get("serverVersion", "")))


async def snapshot(client: KaspadClient, addresses: Sequence[str]) -> Snapshot:
    """All unspent outputs of at most ADDRESSES_AT_ONCE addresses."""
    dag = await client.call("getBlockDagInfo")
    answer = await client.call("getUtxosByAddresses", {"addresses": list(addresses)}, timeout_s=SNAPSHOT_DEADLINE_S)
    utxos = tuple(parse_entry(entry) for entry in _entries(answer))
    return Snapshot(utxos, int(dag["virtualDaaScore"]), bytes.fromhex(dag["sink"]))


async def balances(client: KaspadClient, addresses: Collection[str], timeout_s: float) -> dict[str, int]:
    """Balances in sompi by address. An address without unspent outputs has a null balance, which is 0."""
    answer = await client.call("getBalancesByAddresses", {"addresses": list(addresses)}, timeout_s=timeout_s)
    return {entry["address"]: int(entry.get("balance") or 0) for entry in _entries(answer)}


def _entries(answer: dict[str, Any]) -> list[dict[str, Any]]:
    """The `entries` of an answer; a missing list is a fault, never an empty one."""
    entries = answer.get("entries")
    if not isinstance(entries, list):
        raise ValueError("kaspad answered without a list of entries")
    return entries
