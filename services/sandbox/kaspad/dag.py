"""RPC methods for blocks and the virtual chain."""

from __future__ import annotations

from typing import Any

from sandbox.kaspad import wire
from sandbox.kaspad.fields import boolean, hash_of, integer, listing, script_of
from sandbox.kaspad.node import Node
from sandbox.kaspad.params import BLOCK_S, DIFFICULTY, NETWORK
from sandbox.kaspad.rpc import Params, RpcError


def get_block_dag_info(node: Node, _params: Params) -> dict[str, Any]:
    tips = [step.block.hash for step in node.chain.tips]
    return {
        "network": NETWORK,
        "blockCount": node.chain.block_count,
        "headerCount": node.chain.block_count,
        "tipHashes": tips,
        "difficulty": DIFFICULTY,
        "pastMedianTime": past_median_time(node),
        "virtualParentHashes": tips,
        "pruningPointHash": node.chain.genesis,
        "virtualDaaScore": node.chain.block_count,
        "sink": node.chain.sink.hash,
    }


def get_block(node: Node, params: Params) -> dict[str, Any]:
    block_hash, transactions = hash_of(params.get("hash")), boolean(params.get("includeTransactions"))
    return {"block": _full_block(node, block_hash, transactions)}


def get_blocks(node: Node, params: Params) -> dict[str, Any]:
    """Blocks from `lowHash` on, inclusive; null stands for the oldest stored block."""
    low = None if params.get("lowHash") is None else hash_of(params["lowHash"])
    blocks, transactions = boolean(params.get("includeBlocks")), boolean(params.get("includeTransactions"))
    if transactions and not blocks:
        raise RpcError("If includeTransactions is set, then includeBlockVerboseData must be set as well.")
    hashes = [step.block.hash for step in node.chain.steps]
    if low is not None and low not in hashes:
        raise RpcError(f"cannot find header {low}")
    found = hashes[hashes.index(low) :] if low else hashes
    return {
        "blockHashes": found,
        "blocks": [_full_block(node, item, transactions) for item in found] if blocks else [],
    }


def get_virtual_chain_from_block(node: Node, params: Params) -> dict[str, Any]:
    """The path from a block to the sink: chain blocks removed since, and those added."""
    start, accepted = hash_of(params.get("startHash")), boolean(params.get("includeAcceptedTransactionIds"))
    chain, removed = node.chain.on_chain(), []
    while start not in chain:
        if start not in node.chain.blocks:
            raise RpcError(f"cannot find header {start}")
        removed.append(start)
        start = node.chain.blocks[start].header.parents[0]
    added = dict(list(chain.items())[list(chain).index(start) + 1 :])
    return {
        "removedChainBlockHashes": removed,
        "addedChainBlockHashes": list(added),
        "acceptedTransactionIds": [
            {"acceptingBlockHash": block, "acceptedTransactionIds": list(identities)}
            for block, identities in added.items()
        ]
        if accepted
        else [],
    }


def get_block_template(node: Node, params: Params) -> dict[str, Any]:
    miner, extra = script_of(params.get("payAddress")), listing(params.get("extraData"))
    block = node.template(miner, bytes(integer(item, 256) for item in extra))
    return {"block": wire.template(block), "isSynced": node.synced}


def submit_block(node: Node, params: Params) -> dict[str, Any]:
    boolean(params.get("allowNonDaaBlocks"))
    block = wire.read_block(params.get("block"), node.chain.coins.get)
    taken = node.submit_block(block)
    return {"report": {"type": "success"} if taken else {"type": "reject", "reason": "blockInvalid"}}


def get_daa_score_timestamp_estimate(node: Node, params: Params) -> dict[str, Any]:
    """Interpolate between stored blocks; before the oldest and after the newest, assume ten blocks per second."""
    scores = [integer(item, 2**64) for item in listing(params.get("daaScores"))]
    headers = [step.block.header for step in node.chain.steps if step.on_chain]
    return {"timestamps": [_time_of(score, [(h.daa_score, h.timestamp) for h in headers]) for score in scores]}


def _full_block(node: Node, block_hash: str, transactions: bool) -> dict[str, Any]:
    block = node.chain.blocks.get(block_hash)
    if block is None:
        raise RpcError(f"cannot find header {block_hash}")
    children = [step.block.hash for step in node.chain.steps if block_hash in step.block.header.parents]
    on_chain = any(step.on_chain and step.block.hash == block_hash for step in node.chain.steps)
    return wire.full_block(block, transactions=transactions, children=children, on_chain=on_chain)


def _time_of(score: int, known: list[tuple[int, int]]) -> int:
    (first_score, first_time), (last_score, last_time) = known[0], known[-1]
    step_ms = BLOCK_S * 1000
    if score >= last_score:
        return round(last_time + (score - last_score) * step_ms)
    if score <= first_score:
        return round(first_time - (first_score - score) * step_ms)
    return round(first_time + (last_time - first_time) * (score - first_score) / (last_score - first_score))


def past_median_time(node: Node) -> int:
    """Median time of the last 27 stored blocks; rusty-kaspa's sampled window has about that size."""
    times = sorted(step.block.header.timestamp for step in list(node.chain.steps)[-27:])
    return times[len(times) // 2]
