"""What is asked of bitcoind by RPC, and what its answers mean for us."""

from __future__ import annotations

import asyncio
import math
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from nodeclients.bitcoind import BitcoindClient
from nodeclients.errors import NodeError, NodeFault, NodeRefused, NodeUnreachable, NodeWarmingUp
from nodeclients.networks import BITCOIN

from oracle.live.mempool import TOPICS

CALLED = (
    "getblock",
    "getblockchaininfo",
    "getblockhash",
    "getflowprice",
    "getmempoolentry",
    "getmempoolinfo",
    "getrawmempool",
    "getrawtransaction",
    "getzmqnotifications",
)
"""Every method we call; what `rpcwhitelist` must let us."""
METHOD_NOT_FOUND, FORBIDDEN = -32601, 403
"""RPC_METHOD_NOT_FOUND and HTTP_FORBIDDEN, src/rpc/protocol.h."""
BATCH = 500
SYNCED_WITHIN = 2
"""Headers that may be ahead of the blocks without a sync: a new block's header comes before its body."""
SLOW_S = 120.0
"""A snapshot of a full mempool, or a block, on a busy node."""


@dataclass(frozen=True)
class Status:
    """One look at the node. `fault` is why it cannot be relied on now, "" when it can."""

    fault: str
    height: int = 0
    tip: bytes = b""
    """Hash of the best block, wire order."""
    mempool_size: int = 0


@dataclass(frozen=True)
class FlowPrice:
    """What a simulator's payments are made at: USD per BTC, at this unix time."""

    usd: float
    at: float


class Node:
    """Calls to one bitcoind. Every NodeFault goes through to the caller but from `status`, which puts it in words."""

    def __init__(self, client: BitcoindClient, network: str) -> None:
        self._client = client
        self._network = network

    async def status(self) -> Status:
        """Chain, sync and mempool."""
        try:
            chain, mempool = await self._client.batch([("getblockchaininfo", ()), ("getmempoolinfo", ())])
            for answer in (chain, mempool):
                if isinstance(answer, NodeError):
                    raise answer
            with _understood("getblockchaininfo"):
                return Status(
                    _fault(chain, mempool, self._network),
                    int(chain["blocks"]),
                    bytes.fromhex(chain["bestblockhash"])[::-1],
                    int(mempool["size"]),
                )
        except NodeFault as fault:
            return Status(words(fault))

    async def topics_fault(self) -> str:
        """Which of the ZMQ topics the node does not publish, as a sentence that names the flags; "" when all are."""
        entries = await self._client.call("getzmqnotifications")
        with _understood("getzmqnotifications"):
            published = {str(entry["type"]).removeprefix("pub") for entry in entries}
        flags = [f"-zmqpub{topic}" for topic in TOPICS if topic not in published]
        return f"bitcoind does not publish all that is needed: start it with {' and '.join(flags)}" if flags else ""

    async def snapshot(self) -> tuple[int, list[str]]:
        """The next mempool sequence number, and the ids of all that waits (hex as RPC writes them)."""
        answer = await self._client.call("getrawmempool", False, True, timeout_s=SLOW_S)
        with _understood("getrawmempool"):
            return int(answer["mempool_sequence"]), [str(txid) for txid in answer["txids"]]

    async def waiting_since(self, txids: Sequence[str], oldest: float) -> list[tuple[str, float]]:
        """Those that entered the mempool after `oldest` (unix s), with the time, without what has left meanwhile."""
        entries = await self._client.batch([("getmempoolentry", (txid,)) for txid in txids], timeout_s=SLOW_S)
        with _understood("getmempoolentry"):
            times = [(txid, float(entry["time"])) for txid, entry in zip(txids, entries, strict=True) if _there(entry)]
        return [(txid, at) for txid, at in times if at >= oldest]

    async def raw(self, txids: Sequence[str]) -> list[bytes | None]:
        """The bytes of waiting transactions, None for one that has left."""
        answers = await self._client.batch([("getrawtransaction", (txid,)) for txid in txids], timeout_s=SLOW_S)
        with _understood("getrawtransaction"):
            return [bytes.fromhex(answer) if _there(answer) else None for answer in answers]

    async def blocks(self, first: int, last: int, skip: set[bytes]) -> AsyncIterator[bytes]:
        """Raw blocks of these heights on the best chain, oldest first; `skip` holds hashes (wire order) not wanted.

        One that was pruned or reorganised away meanwhile is passed over.
        """
        heights = range(max(first, 0), last + 1)
        hashes = await self._client.batch([("getblockhash", (height,)) for height in heights])
        with _understood("getblockhash"):
            wanted = [text for text in hashes if _there(text) and bytes.fromhex(text)[::-1] not in skip]
        for block_hash in wanted:
            try:
                block = await self._client.call("getblock", block_hash, 0, timeout_s=SLOW_S)
            except NodeRefused:
                raise
            except NodeError:
                continue
            with _understood("getblock"):
                raw = await asyncio.to_thread(bytes.fromhex, block)
            yield raw

    async def flow_price(self) -> FlowPrice | None:
        """What the payments are made at, if the node is a simulator that tells; a real one does not know the method."""
        try:
            answer = await self._client.call("getflowprice")
        except NodeError as fault:
            if fault.code in (METHOD_NOT_FOUND, FORBIDDEN):
                return None
            raise
        with _understood("getflowprice"):
            usd, at = float(answer["usd"]), float(answer["at"])
            if not 0 < usd < math.inf:
                raise ValueError(usd)
            return FlowPrice(usd, at)


@contextmanager
def _understood(method: str) -> Iterator[None]:
    """An answer of another shape than bitcoind's is a fault of the node (or of the address), not of ours."""
    try:
        yield
    except (KeyError, TypeError, ValueError, OverflowError, AttributeError) as fault:
        raise NodeError(f"{method} was answered with what is not bitcoind's: {fault!r}") from fault


def words(fault: NodeFault) -> str:
    """Why there is no answer, as an operator would say it."""
    match fault:
        case NodeWarmingUp():
            return f"bitcoind is loading: {fault.message}"
        case NodeRefused():
            return fault.message
        case NodeUnreachable():
            return str(fault)
    return f"bitcoind answers with an error: {fault}"


def _fault(chain: dict[str, Any], mempool: dict[str, Any], network: str) -> str:
    wanted = BITCOIN[network].chain
    if chain["chain"] != wanted:
        return f"bitcoind is on the chain {chain['chain']}, not on {wanted}"
    if chain["headers"] > chain["blocks"] + SYNCED_WITHIN:
        percent = 100 * min(0.9999, float(chain["verificationprogress"]))
        return f"bitcoind is syncing: {percent:.2f} %, block {chain['blocks']} of {chain['headers']}"
    if chain["initialblockdownload"]:
        return f"bitcoind is in its initial block download: no recent block at height {chain['blocks']}"
    if not mempool.get("loaded", True):
        return "bitcoind is still loading its mempool"
    return ""


def _there(answer: Any) -> bool:
    """Whether a batch gave an answer. An error that is no "not found" goes through."""
    if isinstance(answer, NodeRefused):
        raise answer
    return not isinstance(answer, NodeError)
