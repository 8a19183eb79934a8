"""RPC methods about the node itself: versions, connections, metrics."""

from __future__ import annotations

import os
import time
from typing import Any

from sandbox.kaspad.dag import past_median_time
from sandbox.kaspad.fields import boolean, integer
from sandbox.kaspad.node import Node
from sandbox.kaspad.params import BLOCK_S, DIFFICULTY, NETWORK, VERSION
from sandbox.kaspad.process import process_metrics
from sandbox.kaspad.rpc import Params, RpcError


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
            "networkPastMedianTime": past_median_time(node),
            "networkTipHashesCount": tips,
            "networkVirtualParentHashesCount": tips,
            "networkVirtualDaaScore": count,
        },
        "storage": {"storageSizeBytes": 0},
        "custom": None,
    }
    chosen = {f"{name}Metrics": groups[name] if wanted[name] else None for name in names}
    return {"serverTime": time.time_ns() // 1_000_000, **chosen}


def estimate_network_hashes_per_second(node: Node, params: Params) -> dict[str, Any]:
    window = integer(params.get("windowSize"), 2**32)
    held = min(window, node.chain.block_count)
    if held < 1000:
        raise RpcError(f"difficulty error: under min allowed window size ({held} < 1000)")
    return {"networkHashesPerSecond": round(2 * DIFFICULTY / BLOCK_S)}


_COUNTED = (
    "nodeHeadersProcessedCount",
    "nodeDependenciesProcessedCount",
    "nodeBodiesProcessedCount",
    "nodeTransactionsProcessedCount",
    "nodeChainBlocksProcessedCount",
    "nodeDatabaseBlocksCount",
    "nodeDatabaseHeadersCount",
)
