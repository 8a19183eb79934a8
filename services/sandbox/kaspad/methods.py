"""The RPC methods by name. Each takes the node and the params and returns a result in kaspad's shape."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sandbox.kaspad import dag, node_info, transactions
from sandbox.kaspad.node import Node
from sandbox.kaspad.params import NETWORK
from sandbox.kaspad.rpc import Params, RpcError

Method = Callable[[Node, Params], dict[str, Any]]


SAFE_MODE = "Method unavailable in safe mode. Run the node with --unsaferpc argument."


def _safe_mode(node: Node, _params: Params) -> dict[str, Any]:
    if node.flags.unsafe_rpc:
        raise RpcError("the simulator has no peers")
    raise RpcError(SAFE_MODE)


def _not_implemented(_node: Node, _params: Params) -> dict[str, Any]:
    raise RpcError("Not implemented")


def _not_simulated(_node: Node, _params: Params) -> dict[str, Any]:
    raise RpcError("The simulator does not have this method.")


METHODS: dict[str, Method] = {
    "ping": lambda _node, _params: {},
    "getInfo": node_info.get_info,
    "getServerInfo": node_info.get_server_info,
    "getSyncStatus": lambda node, _params: {"isSynced": node.synced},
    "getSystemInfo": node_info.get_system_info,
    "getCurrentNetwork": lambda _node, _params: {"network": NETWORK},
    "getBlockDagInfo": dag.get_block_dag_info,
    "getBlockCount": lambda node, _: {"blockCount": node.chain.block_count, "headerCount": node.chain.block_count},
    "getSink": lambda node, _params: {"sink": node.chain.sink.hash},
    "getSinkBlueScore": lambda node, _params: {"blueScore": node.chain.sink.header.blue_score},
    "getBlock": dag.get_block,
    "getBlocks": dag.get_blocks,
    "getVirtualChainFromBlock": dag.get_virtual_chain_from_block,
    "getBlockTemplate": dag.get_block_template,
    "submitBlock": dag.submit_block,
    "submitTransaction": transactions.submit_transaction,
    "getMempoolEntry": transactions.get_mempool_entry,
    "getMempoolEntries": transactions.get_mempool_entries,
    "getMempoolEntriesByAddresses": transactions.get_mempool_entries_by_addresses,
    "getUtxosByAddresses": transactions.get_utxos_by_addresses,
    "getBalanceByAddress": transactions.get_balance_by_address,
    "getBalancesByAddresses": transactions.get_balances_by_addresses,
    "getCoinSupply": transactions.get_coin_supply,
    "getFeeEstimate": transactions.get_fee_estimate,
    "getDaaScoreTimestampEstimate": dag.get_daa_score_timestamp_estimate,
    "estimateNetworkHashesPerSecond": node_info.estimate_network_hashes_per_second,
    "getConnections": node_info.get_connections,
    "getConnectedPeerInfo": lambda _node, _params: {"peerInfo": []},
    "getPeerAddresses": lambda _node, _params: {"knownAddresses": [], "bannedAddresses": []},
    "getMetrics": node_info.get_metrics,
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
"""All methods of 2.0.1 (rpc/wrpc/server/src/router.rs); any other name closes the connection."""
