"""RPC methods for transactions, the mempool and the UTXO index."""

from __future__ import annotations

from typing import Any

from sandbox.kaspad import wire
from sandbox.kaspad.fields import boolean, hash_of, listing, script_of
from sandbox.kaspad.model import Coin, Outpoint
from sandbox.kaspad.node import Node
from sandbox.kaspad.params import MAX_SOMPI, MIN_FEE_PER_GRAM
from sandbox.kaspad.rpc import Params, RpcError
from sandbox.kaspad.rules import Checked, Rejected

NO_UTXOINDEX = "Method unavailable. Run the node with the --utxoindex argument."


def submit_transaction(node: Node, params: Params) -> dict[str, Any]:
    boolean(params.get("allowOrphan"))
    transaction = wire.read_transaction(params.get("transaction"))
    if transaction.version != 0:  # later versions carry a compute budget, which the simulator does not know
        raise RpcError(
            f"RpcTransactionInput.sig_op_count is inconsistent with transaction version {transaction.version}"
        )
    try:
        return {"transactionId": node.submit_transaction(transaction).transaction.id}
    except Rejected as fault:
        raise RpcError(f"Rejected transaction {transaction.id}: {fault}") from fault


def get_mempool_entry(node: Node, params: Params) -> dict[str, Any]:
    identity = hash_of(params.get("transactionId"))
    checked = node.mempool.entries.get(identity)
    if checked is None or not _wants_pool(params):
        raise RpcError(f"Transaction {identity} not found")
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
    """An address without coins has balance 0, not null, as in both recorded versions."""
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


def _addresses(params: Params) -> dict[str, str]:
    return {item: script_of(item) for item in listing(params.get("addresses"))}


def _indexed(node: Node, params: Params) -> dict[str, str]:
    addresses = _addresses(params)
    if not node.flags.utxoindex:
        raise RpcError(NO_UTXOINDEX)
    return addresses


def _coins(node: Node, script: str) -> dict[Outpoint, Coin]:
    return node.chain.coins.of_script(script)


def _balance(node: Node, script: str) -> int:
    return sum(coin.amount for coin in _coins(node, script).values())


def _wants_pool(params: Params) -> bool:
    """`filterTransactionPool` selects only orphans, and the simulator has none."""
    boolean(params.get("includeOrphanPool"))
    return not boolean(params.get("filterTransactionPool"))


def _sends(checked: Checked, script: str) -> bool:
    return any(coin.script == script for _, coin in checked.spent)


def _receives(checked: Checked, script: str) -> bool:
    return any(output.script == script for output in checked.transaction.outputs)
