"""The tracker's calls to kaspad, and what it requires of the node."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Any

from nodeclients.kaspad import KaspadClient
from nodeclients.kaspad_entries import ask_entries

from tracker.ledger import parse_entry
from tracker.networks import KaspaNetwork
from tracker.packed import PackedUtxos

MOST_OUTPUTS = 500_000
"""In one answer. Bounds the tracker's memory (57 bytes each) and the time that the database needs to store them."""
SILENCE_S = 10.0
SNAPSHOT_DEADLINE_S = 60.0


class TooManyOutputs(ValueError):
    """The answer is larger than the tracker can hold."""


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

    utxos: PackedUtxos
    daa_score: int
    sink: bytes


async def server_info(client: KaspadClient, network: KaspaNetwork, timeout_s: float) -> NodeInfo:
    """The node's state. Raises NodeFault or ValueError without one.

    Raises NodeUnsuitable if the node is on another network or runs without a UTXO index.

    Without `--utxoindex` kaspad accepts a subscription to UtxosChanged but never notifies
    (github.com/kaspanet/rusty-kaspa/issues/960), so the tracker checks for the index.
    """
    info = await client.call("getServerInfo", timeout_s=timeout_s)
    if info.get("networkId") != network.node_id:
        raise NodeUnsuitable(
            f"kaspad is on {_text(info.get('networkId'))}, but {network.name} requires {network.node_id}"
        )
    if info.get("hasUtxoIndex") is not True:
        raise NodeUnsuitable("kaspad runs without a UTXO index, which the tracker requires: start it with --utxoindex")
    synced = bool(info.get("isSynced")) or not network.must_be_synced
    return NodeInfo(synced, _whole(info.get("virtualDaaScore", 0)), _text(info.get("serverVersion", "")))


async def snapshot(url: str, addresses: Sequence[str]) -> Snapshot:
    """All unspent outputs of these addresses. Raises NodeFault, or ValueError for an answer that cannot be used."""
    async with KaspadClient(url, timeout_s=SILENCE_S) as client:
        dag = await client.call("getBlockDagInfo")
    daa_score, sink = _whole(dag.get("virtualDaaScore")), _hash(dag.get("sink"))
    utxos, asked = PackedUtxos(), frozenset(addresses)

    def take(entries: list[Any]) -> None:
        if len(utxos) + len(entries) > MOST_OUTPUTS:
            raise TooManyOutputs(f"more than {MOST_OUTPUTS:,} unspent outputs")
        for entry in entries:
            utxo = parse_entry(entry)
            if utxo.address not in asked:
                raise ValueError("kaspad sent an unspent output of an address that the tracker did not ask for")
            utxos.append(utxo)

    await _utxos(url, addresses, take)
    return Snapshot(utxos, daa_score, sink)


async def require_answers(url: str) -> None:
    """Ask for the unspent outputs of no address. Raises NodeFault if the node does not answer even that."""
    await _utxos(url, (), lambda _: None)


async def balances(url: str, addresses: Collection[str], timeout_s: float) -> dict[str, int]:
    """Balances in sompi by address. Raises NodeFault, or ValueError for an answer that cannot be used.

    kaspad answers null for an address without unspent outputs, which means 0.
    kaspad sums up all outputs of each address, so a rich address takes long. It handles the calls of one connection in
    order, even those whose caller has given up; hence a connection for each call.
    """
    async with KaspadClient(url, timeout_s=timeout_s) as client:
        answer = await client.call("getBalancesByAddresses", {"addresses": list(addresses)})
    entries = answer.get("entries")
    if not isinstance(entries, list):
        raise ValueError("kaspad answered without a list of entries")
    found: dict[str, int] = {}
    for entry in entries:
        if not isinstance(entry, dict) or not isinstance(entry.get("address"), str):
            raise ValueError("kaspad sent a balance without an address")
        found[entry["address"]] = 0 if entry.get("balance") is None else _whole(entry["balance"])
    return found


async def _utxos(url: str, addresses: Sequence[str], take: Callable[[list[Any]], None]) -> None:
    await ask_entries(
        url,
        "getUtxosByAddresses",
        {"addresses": list(addresses)},
        take,
        silence_s=SILENCE_S,
        deadline_s=SNAPSHOT_DEADLINE_S,
    )


def _whole(value: object) -> int:
    """Raises ValueError for what is no amount and no position of a chain."""
    if type(value) is not int or not 0 <= value < 1 << 63:
        raise ValueError("kaspad sent something else where a number belongs")
    return value


def _hash(value: object) -> bytes:
    """32 bytes. Raises ValueError."""
    found = bytes.fromhex(value) if isinstance(value, str) else b""
    if len(found) != 32:
        raise ValueError("kaspad sent something else where the hash of a block belongs")
    return found


def _text(value: object) -> str:
    """For people, so it is short."""
    return str(value)[:80]
