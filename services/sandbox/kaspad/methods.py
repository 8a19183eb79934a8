"""The RPC methods: each takes the node and its params, and returns the result of a real kaspad's shape."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from typing import Any

from sandbox.kaspad import wire
from sandbox.kaspad.fields import boolean, hash_of, integer, listing, script_of
from sandbox.kaspad.model import Coin, Outpoint
from sandbox.kaspad.node import Node
from sandbox.kaspad.params import BLOCK_S, DIFFICULTY, MAX_SOMPI, MIN_FEE_PER_GRAM, NETWORK, VERSION
from sandbox.kaspad.process import process_metrics
from sandbox.kaspad.rules import Checked, Rejected

Params = dict[str, Any]
Method = Callable[[Node, Params], dict[str, Any]]


class Failed(Exception):
    """Answered with this message as an error."""


NO_UTXOINDEX = "Method unavailable. Run the node with the --utxoindex argument."
SAFE_MODE = "Method unavailable in safe mode. Run the node with --unsaferpc argument."


def get_info(node: Node, _params: Params) -> dict[str, Any]:
    return {
        "p2pId": node.p2p_id,
        "mempoolSize": len(node.mempool.entries),
        "serverVersion": VERSION,
        "isUtxoIndexed": node.flags.utxoindex,
        "isSynced": node.synced,
        "hasNotifyCommand": True,
        "hasMessageId": True,
    }


def get_server_info(node: Node, _params: Params) -> dict[str, Any]:
    return {
        "rpcApiVersion": 1,
        "rpcApiRevision": 0,
        "serverVersion": VERSION,
        "networkId": NETWORK,
        "hasUtxoIndex": node.flags.utxoindex,
        "isSynced": node.synced,
        "virtualDaaScore": node.chain.block_count,
    }


def get_system_info(_node: Node, _params: Params) -> dict[str, Any]:
    return {
        "version": f"v{VERSION} simulator, signatures are not checked",
        "systemId": [0] * 32,
        "gitHash": None,
        "cpuPhysicalCores": os.cpu_count() or 1,
        "totalMemory": os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"),
        "fdLimit": os.sysconf("SC_OPEN_MAX"),
        "proxySocketLimitPerCpuCore": None,
    }


def get_block_dag_info(node: Node, _params: Params) -> dict[str, Any]:
    tips = [step.block.hash for step in node.chain.tips]
    return {
        "network": NETWORK,
        "blockCount": node.chain.block_count,
        "headerCount": node.chain.block_count,
        "tipHashes": tips,
        "difficulty": DIFFICULTY,
        "pastMedianTime": _past_median_time(node),
        "virtualParentHashes": tips,
        "pruningPointHash": node.chain.genesis,
        "virtualDaaScore": node.chain.block_count,
        "sink": node.chain.sink.hash,
    }


def get_block(node: Node, params: Params) -> dict[str, Any]:
    block_hash, transactions = hash_of(params.get("hash")), boolean(params.get("includeTransactions"))
    return {"block": _full_block(node, block_hash, transactions)}


def get_blocks(node: Node, params: Params) -> dict[str, Any]:
    """From `lowHash` (the oldest kept block when null) on, itself included."""
    low = None if params.get("lowHash") is None else hash_of(params["lowHash"])
    blocks, transactions = boolean(params.get("includeBlocks")), boolean(params.get("includeTransactions"))
    if transactions and not blocks:
        raise Failed("If includeTransactions is set, then includeBlockVerboseData must be set as well.")
    hashes = [step.block.hash for step in node.chain.steps]
    if low is not None and low not in hashes:
        raise Failed(f"cannot find header {low}")
    found = hashes[hashes.index(low) :] if low else hashes
    return {
        "blockHashes": found,
        "blocks": [_full_block(node, item, transactions) for item in found] if blocks else [],
    }


def get_virtual_chain_from_block(node: Node, params: Params) -> dict[str, Any]:
    """The way from a block to the sink: chain blocks that were removed since, and those that were added."""
    start, accepted = hash_of(params.get("startHash")), boolean(params.get("includeAcceptedTransactionIds"))
    chain, removed = node.chain.on_chain(), []
    while start not in chain:
        if start not in node.chain.blocks:
            raise Failed(f"cannot find header {start}")
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


def submit_transaction(node: Node, params: Params) -> dict[str, Any]:
    boolean(params.get("allowOrphan"))
    transaction = wire.read_transaction(params.get("transaction"))
    try:
        return {"transactionId": node.submit_transaction(transaction).transaction.id}
    except Rejected as fault:
        raise Failed(f"Rejected transaction {transaction.id}: {fault}") from fault


def get_mempool_entry(node: Node, params: Params) -> dict[str, Any]:
    identity = hash_of(params.get("transactionId"))
    checked = node.mempool.entries.get(identity)
    if checked is None or not _wants_pool(params):
        raise Failed(f"Transaction {identity} not found")
    return {"mempoolEntry": wire.mempool_entry(checked)}


def get_mempool_entries(node: Node, params: Params) -> dict[str, Any]:
    entries = node.mempool.entries.values() if _wants_pool(params) else ()
    return {"mempoolEntries": [wire.mempool_entry(checked) for checked in entries]}


def get_mempool_entries_by_addresses(node: Node, params: Params) -> dict[str, Any]:
    addresses = _addresses(params)
    entries = list(node.mempool.entries.values()) if _wants_pool(params) else []
    return {
        "entries": [
            {
                "address": address,
                "sending": [wire.mempool_entry(checked) for checked in entries if _sends(checked, script)],
                "receiving": [wire.mempool_entry(checked) for checked in entries if _receives(checked, script)],
            }
            for address, script in addresses.items()
        ]
    }


def get_utxos_by_addresses(node: Node, params: Params) -> dict[str, Any]:
    return {
        "entries": [
            wire.utxo(outpoint, coin)
            for script in _indexed(node, params).values()
            for outpoint, coin in _coins(node, script).items()
        ]
    }


def get_balances_by_addresses(node: Node, params: Params) -> dict[str, Any]:
    """0, not null, for an address without coins: what both recorded versions say."""
    return {
        "entries": [
            {"address": address, "balance": _balance(node, script)}
            for address, script in _indexed(node, params).items()
        ]
    }


def get_balance_by_address(node: Node, params: Params) -> dict[str, Any]:
    _indexed(node, {"addresses": [params.get("address")]})
    return {"balance": _balance(node, script_of(params.get("address")))}


def get_coin_supply(node: Node, _params: Params) -> dict[str, Any]:
    _indexed(node, {"addresses": []})
    return {"maxSompi": MAX_SOMPI, "circulatingSompi": node.chain.coins.supply}


def get_fee_estimate(_node: Node, _params: Params) -> dict[str, Any]:
    bucket = {"feerate": float(MIN_FEE_PER_GRAM), "estimatedSeconds": 0.0004072}
    return {"estimate": {"priorityBucket": bucket, "normalBuckets": [bucket, bucket], "lowBuckets": [bucket]}}


def get_daa_score_timestamp_estimate(node: Node, params: Params) -> dict[str, Any]:
    """Linear between what is known: kept blocks, else back from the oldest, on from the newest at ten a second."""
    scores = [integer(item, 2**64) for item in listing(params.get("daaScores"))]
    headers = [step.block.header for step in node.chain.steps if step.on_chain]
    return {"timestamps": [_time_of(score, [(h.daa_score, h.timestamp) for h in headers]) for score in scores]}


def estimate_network_hashes_per_second(node: Node, params: Params) -> dict[str, Any]:
    window = integer(params.get("windowSize"), 2**32)
    held = min(window, node.chain.block_count)
    if held < 1000:
        raise Failed(f"difficulty error: under min allowed window size ({held} < 1000)")
    return {"networkHashesPerSecond": round(2 * DIFFICULTY / BLOCK_S)}


def get_connections(node: Node, params: Params) -> dict[str, Any]:
    profile = boolean(params.get("includeProfileData"))
    usage = process_metrics()
    data = {"cpuUsage": usage["cpuUsage"], "memoryUsage": usage["residentSetSize"]} if profile else None
    return {"clients": len(node.sessions), "peers": 0, "profileData": data}


def get_metrics(node: Node, params: Params) -> dict[str, Any]:
    names = ("process", "connection", "bandwidth", "consensus", "storage", "custom")
    wanted = {name: boolean(params.get(f"{name}Metrics")) for name in names}
    count = node.chain.block_count
    tips = len(node.chain.tips)
    groups: dict[str, Any] = {
        "process": process_metrics(),
        "connection": {
            **dict.fromkeys(("borshLiveConnections", "borshConnectionAttempts", "borshHandshakeFailures"), 0),
            "jsonLiveConnections": len(node.sessions),
            "jsonConnectionAttempts": node.connected,
            "jsonHandshakeFailures": 0,
            "activePeers": 0,
        },
        "bandwidth": {
            **dict.fromkeys(
                ("borshBytesTx", "borshBytesRx", "p2pBytesTx", "p2pBytesRx", "grpcBytesTx", "grpcBytesRx"), 0
            ),
            "jsonBytesTx": node.bytes_sent,
            "jsonBytesRx": node.bytes_received,
        },
        "consensus": {
            "nodeBlocksSubmittedCount": node.submitted,
            **dict.fromkeys(_COUNTED, count),
            "nodeMassProcessedCount": 0,
            "networkMempoolSize": len(node.mempool.entries),
            "networkDifficulty": DIFFICULTY,
            "networkPastMedianTime": _past_median_time(node),
            "networkTipHashesCount": tips,
            "networkVirtualParentHashesCount": tips,
            "networkVirtualDaaScore": count,
        },
        "storage": {"storageSizeBytes": 0},
        "custom": None,
    }
    chosen = {f"{name}Metrics": groups[name] if wanted[name] else None for name in names}
    return {"serverTime": time.time_ns() // 1_000_000, **chosen}


_COUNTED = (
    "nodeHeadersProcessedCount",
    "nodeDependenciesProcessedCount",
    "nodeBodiesProcessedCount",
    "nodeTransactionsProcessedCount",
    "nodeChainBlocksProcessedCount",
    "nodeDatabaseBlocksCount",
    "nodeDatabaseHeadersCount",
)


def _safe_mode(node: Node, _params: Params) -> dict[str, Any]:
    if node.flags.unsafe_rpc:
        raise Failed("the simulator has no peers")
    raise Failed(SAFE_MODE)


def _not_implemented(_node: Node, _params: Params) -> dict[str, Any]:
    raise Failed("Not implemented")


def _not_simulated(_node: Node, _params: Params) -> dict[str, Any]:
    raise Failed("The simulator does not have this method.")


METHODS: dict[str, Method] = {
    "ping": lambda _node, _params: {},
    "getInfo": get_info,
    "getServerInfo": get_server_info,
    "getSyncStatus": lambda node, _params: {"isSynced": node.synced},
    "getSystemInfo": get_system_info,
    "getCurrentNetwork": lambda _node, _params: {"network": NETWORK},
    "getBlockDagInfo": get_block_dag_info,
    "getBlockCount": lambda node, _: {"blockCount": node.chain.block_count, "headerCount": node.chain.block_count},
    "getSink": lambda node, _params: {"sink": node.chain.sink.hash},
    "getSinkBlueScore": lambda node, _params: {"blueScore": node.chain.sink.header.blue_score},
    "getBlock": get_block,
    "getBlocks": get_blocks,
    "getVirtualChainFromBlock": get_virtual_chain_from_block,
    "getBlockTemplate": get_block_template,
    "submitBlock": submit_block,
    "submitTransaction": submit_transaction,
    "getMempoolEntry": get_mempool_entry,
    "getMempoolEntries": get_mempool_entries,
    "getMempoolEntriesByAddresses": get_mempool_entries_by_addresses,
    "getUtxosByAddresses": get_utxos_by_addresses,
    "getBalanceByAddress": get_balance_by_address,
    "getBalancesByAddresses": get_balances_by_addresses,
    "getCoinSupply": get_coin_supply,
    "getFeeEstimate": get_fee_estimate,
    "getDaaScoreTimestampEstimate": get_daa_score_timestamp_estimate,
    "estimateNetworkHashesPerSecond": estimate_network_hashes_per_second,
    "getConnections": get_connections,
    "getConnectedPeerInfo": lambda _node, _params: {"peerInfo": []},
    "getPeerAddresses": lambda _node, _params: {"knownAddresses": [], "bannedAddresses": []},
    "getMetrics": get_metrics,
    **dict.fromkeys(("addPeer", "ban", "unban", "shutdown", "resolveFinalityConflict"), _safe_mode),
    **dict.fromkeys(("getHeaders", "getSubnetwork"), _not_implemented),
    **dict.fromkeys(
        (
            "getVirtualChainFromBlockV2",
            "getUtxoReturnAddress",
            "submitTransactionReplacement",
            "getFeeEstimateExperimental",
            "getCurrentBlockColor",
            "getBlockRewardInfo",
            "getSeqCommitLaneProof",
        ),
        _not_simulated,
    ),
}
"""All that 2.0.1 knows (rpc/wrpc/server/src/router.rs); any other name closes the connection."""


def _full_block(node: Node, block_hash: str, transactions: bool) -> dict[str, Any]:
    block = node.chain.blocks.get(block_hash)
    if block is None:
        raise Failed(f"cannot find header {block_hash}")
    children = [step.block.hash for step in node.chain.steps if block_hash in step.block.header.parents]
    on_chain = any(step.on_chain and step.block.hash == block_hash for step in node.chain.steps)
    return wire.full_block(block, transactions=transactions, children=children, on_chain=on_chain)


def _past_median_time(node: Node) -> int:
    """Median of the kept blocks' times, at most 27: rusty-kaspa's sampled window is of about that size."""
    times = sorted(step.block.header.timestamp for step in list(node.chain.steps)[-27:])
    return times[len(times) // 2]


def _time_of(score: int, known: list[tuple[int, int]]) -> int:
    (first_score, first_time), (last_score, last_time) = known[0], known[-1]
    step_ms = BLOCK_S * 1000
    if score >= last_score:
        return round(last_time + (score - last_score) * step_ms)
    if score <= first_score:
        return round(first_time - (first_score - score) * step_ms)
    return round(first_time + (last_time - first_time) * (score - first_score) / (last_score - first_score))


def _addresses(params: Params) -> dict[str, str]:
    return {item: script_of(item) for item in listing(params.get("addresses"))}


def _indexed(node: Node, params: Params) -> dict[str, str]:
    addresses = _addresses(params)
    if not node.flags.utxoindex:
        raise Failed(NO_UTXOINDEX)
    return addresses


def _coins(node: Node, script: str) -> dict[Outpoint, Coin]:
    return node.chain.coins.of_script(script)


def _balance(node: Node, script: str) -> int:
    return sum(coin.amount for coin in _coins(node, script).values())


def _wants_pool(params: Params) -> bool:
    """`filterTransactionPool` leaves only orphans, and there are none here."""
    boolean(params.get("includeOrphanPool"))
    return not boolean(params.get("filterTransactionPool"))


def _sends(checked: Checked, script: str) -> bool:
    return any(coin.script == script for _, coin in checked.spent)


def _receives(checked: Checked, script: str) -> bool:
    return any(output.script == script for output in checked.transaction.outputs)
