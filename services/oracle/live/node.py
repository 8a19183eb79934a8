"""RPC calls to bitcoind, and the interpretation of its answers."""

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
"""All methods that we call; `rpcwhitelist` must allow them."""
METHOD_NOT_FOUND, FORBIDDEN = -32601, 403
"""RPC_METHOD_NOT_FOUND and HTTP_FORBIDDEN, src/rpc/protocol.h."""
BATCH = 500
SYNCED_WITHIN = 2
"""How far headers may be ahead of blocks when synced: a new block's header arrives before its body."""
SLOW_S = 120.0
"""Timeout for a snapshot of a full mempool or for a block, on a busy node."""


@dataclass(frozen=True)
class Status:
    """The node's state. `fault` says why it cannot be used; "" if it can."""

    fault: str
    height: int = 0
    tip: bytes = b""
    """Hash of the best block, wire order."""
    mempool_size: int = 0


@dataclass(frozen=True)
class FlowPrice:
    """The price behind a simulator's payments in USD per BTC, at this unix time."""

    usd: float
    at: float


class Node:
    """Calls to one bitcoind. All methods raise NodeFault, except `status`, which returns it as text."""

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
            with _expected_shape("getblockchaininfo"):
                return Status(
                    _fault(chain, mempool, self._network),
                    int(chain["blocks"]),
                    bytes.fromhex(chain["bestblockhash"])[::-1],
                    int(mempool["size"]),
                )
        except NodeFault as fault:
            return Status(explanation(fault))

    async def topics_fault(self) -> str:
        """A sentence with the flags of the ZMQ topics that the node does not publish; "" if it publishes all."""
        entries = await self._client.call("getzmqnotifications")
        with _expected_shape("getzmqnotifications"):
            published = {str(entry["type"]).removeprefix("pub") for entry in entries}
        flags = [f"-zmqpub{topic}" for topic in TOPICS if topic not in published]
        return f"bitcoind does not publish all required topics: start it with {' and '.join(flags)}" if flags else ""

    async def snapshot(self) -> tuple[int, list[str]]:
        """The next mempool sequence number, and the ids of all mempool transactions (RPC hex)."""
        answer = await self._client.call("getrawmempool", False, True, timeout_s=SLOW_S)
        with _expected_shape("getrawmempool"):
            return int(answer["mempool_sequence"]), [str(txid) for txid in answer["txids"]]

    async def waiting_since(self, txids: Sequence[str], oldest: float) -> list[tuple[str, float]]:
        """Those that entered the mempool after `oldest` (unix s) and are still in it, with their times."""
        entries = await self._client.batch([("getmempoolentry", (txid,)) for txid in txids], timeout_s=SLOW_S)
        with _expected_shape("getmempoolentry"):
            times = [(txid, float(entry["time"])) for txid, entry in zip(txids, entries, strict=True) if _found(entry)]
        return [(txid, at) for txid, at in times if at >= oldest]

    async def raw(self, txids: Sequence[str]) -> list[bytes | None]:
        """The bytes of mempool transactions; None for one that has left."""
        answers = await self._client.batch([("getrawtransaction", (txid,)) for txid in txids], timeout_s=SLOW_S)
        with _expected_shape("getrawtransaction"):
            return [bytes.fromhex(answer) if _found(answer) else None for answer in answers]

    async def blocks(self, first: int, last: int, skip: set[bytes]) -> AsyncIterator[bytes]:
        """Raw blocks of these heights on the best chain, oldest first, without the hashes (wire order) in `skip`.

        Skips blocks that were pruned or reorganised away meanwhile.
        """
        heights = range(max(first, 0), last + 1)
        hashes = await self._client.batch([("getblockhash", (height,)) for height in heights])
        with _expected_shape("getblockhash"):
            wanted = [text for text in hashes if _found(text) and bytes.fromhex(text)[::-1] not in skip]
        for block_hash in wanted:
            try:
                block = await self._client.call("getblock", block_hash, 0, timeout_s=SLOW_S)
            except NodeRefused:
                raise
            except NodeError:
                continue
            with _expected_shape("getblock"):
                raw = await asyncio.to_thread(bytes.fromhex, block)
            yield raw

    async def flow_price(self) -> FlowPrice | None:
        """The price behind the payments of a simulator; None on a real node, which does not have the method."""
        try:
            answer = await self._client.call("getflowprice")
        except NodeError as fault:
            if fault.code in (METHOD_NOT_FOUND, FORBIDDEN):
                return None
            raise
        with _expected_shape("getflowprice"):
            usd, at = float(answer["usd"]), float(answer["at"])
            if not 0 < usd < math.inf:
                raise ValueError(usd)
            return FlowPrice(usd, at)


@contextmanager
def _expected_shape(method: str) -> Iterator[None]:
    """Turn errors from an answer of unexpected shape into NodeError: the node or its address is wrong, not our code."""
    try:
        yield
    except (KeyError, TypeError, ValueError, OverflowError, AttributeError) as fault:
        raise NodeError(f"the answer to {method} does not look like bitcoind's: {fault!r}") from fault


def explanation(fault: NodeFault) -> str:
    """Why there is no answer, as a sentence for the operator."""
    match fault:
        case NodeWarmingUp():
            return f"bitcoind is loading: {fault.message}"
        case NodeRefused():
            return fault.message
        case NodeUnreachable():
            return str(fault)
    return f"bitcoind returned an error: {fault}"


def _fault(chain: dict[str, Any], mempool: dict[str, Any], network: str) -> str:
    wanted = BITCOIN[network].chain
    if chain["chain"] != wanted:
        return f"bitcoind is on chain {chain['chain']}, but {wanted} is required"
    if chain["headers"] > chain["blocks"] + SYNCED_WITHIN:
        percent = 100 * min(0.9999, float(chain["verificationprogress"]))
        return f"bitcoind is syncing: {percent:.2f} %, block {chain['blocks']} of {chain['headers']}"
    if chain["initialblockdownload"]:
        return f"bitcoind is in its initial block download: no recent block at height {chain['blocks']}"
    if not mempool.get("loaded", True):
        return "bitcoind is still loading its mempool"
    return ""


def _found(answer: Any) -> bool:
    """Whether a call of a batch has a result. Raises NodeRefused if the node refused it."""
    if isinstance(answer, NodeRefused):
        raise answer
    return not isinstance(answer, NodeError)
