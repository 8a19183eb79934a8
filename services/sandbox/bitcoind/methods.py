"""The RPC methods with their parameters."""

from __future__ import annotations

import time
from typing import Any

from sandbox.bitcoind import describe, flow, params, policy
from sandbox.bitcoind.block import Block
from sandbox.bitcoind.node import Node
from sandbox.bitcoind.policy import Refusal
from sandbox.bitcoind.rpc import (
    ALREADY_IN_UTXO_SET,
    DESERIALIZATION,
    INVALID_ADDRESS,
    INVALID_PARAMETER,
    MISC,
    Method,
    Parameter,
    RpcError,
)
from sandbox.bitcoind.tx import Outpoint, Truncated, parse
from sandbox.control_server import Refused

NO_TRANSACTION = (
    "No such mempool transaction. Use -txindex or provide a block hash to enable blockchain transaction queries. "
    "Use gettransaction for wallet transactions."
)


def getblockchaininfo(node: Node) -> dict[str, Any]:
    chain = node.chain
    tip = chain.header(chain.tip)
    pruned = {"pruneheight": chain.prune_height, "automatic_pruning": False} if chain.prune_height else {}
    return {
        "chain": "regtest",
        "blocks": chain.height,
        "headers": chain.height,
        "bestblockhash": tip.hash[::-1].hex(),
        "bits": f"{params.BITS:08x}",
        "target": f"{params.TARGET:064x}",
        "difficulty": params.DIFFICULTY,
        "time": tip.time,
        "mediantime": chain.median_time(chain.tip),
        "verificationprogress": 1,
        "initialblockdownload": time.time() - tip.time > params.IBD_AGE_S,
        "chainwork": describe.chain_work(chain.height),
        "size_on_disk": sum(len(connected.block.raw) for connected in chain.kept.values()),
        "pruned": bool(pruned),
        **pruned,
        "warnings": [params.WARNING],
    }


def getblockhash(node: Node, height: int) -> str:
    if not 0 <= height <= node.chain.height:
        raise RpcError(INVALID_PARAMETER, "Block height out of range")
    return node.chain.hashes[height][::-1].hex()


def getblock(node: Node, blockhash: str, verbosity: int | bool) -> Any:
    block, height = _block(node, blockhash)
    return block.raw.hex() if int(verbosity) == 0 else describe.block(node.chain, block, height, int(verbosity))


def getblockheader(node: Node, blockhash: str, verbose: bool) -> Any:
    height = _height(node, blockhash)
    header = node.chain.header(_hash(blockhash, "blockhash"))
    if not verbose:
        return header.raw.hex()
    shown = describe.header(node.chain, header, height)
    kept = node.chain.find(header.hash)
    return shown | {"nTx": len(kept.block.transactions) if kept else 0}


def getchaintips(node: Node) -> list[dict[str, Any]]:
    """The best tip. Stale branches are not listed."""
    tip = node.chain.tip[::-1].hex()
    return [{"height": node.chain.height, "hash": tip, "branchlen": 0, "status": "active"}]


def gettxout(node: Node, txid: str, n: int, include_mempool: bool) -> dict[str, Any] | None:
    outpoint = Outpoint(_hash(txid, "txid"), n)
    coin = node.chain.coins.get(outpoint)
    if include_mempool:
        spent = node.mempool.spender(outpoint) is not None
        coin = None if spent else node.mempool.coin(outpoint, node.chain.coins.get)
    if coin is None:
        return None
    confirmed = node.chain.coins.get(outpoint) is not None
    return {
        "bestblock": node.chain.tip[::-1].hex(),
        "confirmations": node.chain.height - coin.height + 1 if confirmed else 0,
        "value": describe.btc(coin.amount),
        "scriptPubKey": describe.script(coin.script),
        "coinbase": coin.coinbase,
    }


def getmempoolinfo(node: Node) -> dict[str, Any]:
    entries = node.mempool.entries.values()
    size = sum(entry.tx.vsize for entry in entries)
    return {
        "loaded": True,
        "size": len(entries),
        "bytes": size,
        "usage": sum(len(entry.tx.raw) for entry in entries),
        "total_fee": describe.btc(sum(entry.priced.fee for entry in entries)),
        "maxmempool": 300_000_000,
        "mempoolminfee": describe.btc(params.RELAY_FEE),
        "minrelaytxfee": describe.btc(params.RELAY_FEE),
        "incrementalrelayfee": describe.btc(params.RELAY_FEE),
        "unbroadcastcount": len(entries),
        "permitbaremultisig": True,
        "maxdatacarriersize": 100_000,
        "limitclustercount": 64,
        "limitclustersize": 101_000,
        "optimal": True,
    }


def getrawmempool(node: Node, verbose: bool, mempool_sequence: bool) -> Any:
    if verbose and mempool_sequence:
        raise RpcError(INVALID_PARAMETER, "Verbose results cannot contain mempool sequence values.")
    ids = list(node.mempool.entries)
    if verbose:
        return {txid[::-1].hex(): describe.mempool_entry(node.mempool, txid) for txid in ids}
    shown = [txid[::-1].hex() for txid in ids]
    return {"txids": shown, "mempool_sequence": node.mempool.sequence} if mempool_sequence else shown


def getmempoolentry(node: Node, txid: str) -> dict[str, Any]:
    wanted = _hash(txid, "txid")
    if wanted not in node.mempool.entries:
        raise RpcError(INVALID_ADDRESS, "Transaction not in mempool")
    return describe.mempool_entry(node.mempool, wanted)


def getrawtransaction(node: Node, txid: str, verbosity: int | bool, blockhash: str | None) -> Any:
    wanted = _hash(txid, "parameter 1")
    if blockhash is not None:
        block, height = _block(node, blockhash)
        for tx in block.transactions:
            if tx.txid == wanted:
                return describe.in_block(tx, block.header, node.chain, height) if verbosity else tx.raw.hex()
        raise RpcError(
            INVALID_ADDRESS,
            "No such transaction found in the provided block. Use gettransaction for wallet transactions.",
        )
    entry = node.mempool.entries.get(wanted)
    if entry is None:
        raise RpcError(INVALID_ADDRESS, NO_TRANSACTION)
    raw = entry.tx.raw.hex()
    return describe.transaction(entry.tx) | {"hex": raw} if verbosity else raw


def sendrawtransaction(node: Node, hexstring: str, maxfeerate: float) -> str:
    try:
        tx = parse(bytes.fromhex(hexstring))
    except (Truncated, ValueError, OverflowError):
        message = "TX decode failed. Make sure the tx has at least one input."
        raise RpcError(DESERIALIZATION, message) from None
    if tx.txid in node.mempool.entries:
        return tx.txid[::-1].hex()
    if any(node.chain.coins.get(Outpoint(tx.txid, index)) for index in range(len(tx.outs))):
        raise RpcError(ALREADY_IN_UTXO_SET, "Transaction outputs already in utxo set")
    try:
        priced, _ = node.mempool.judge(tx, node.chain.coins.get, node.chain.height)
        if maxfeerate and priced.fee > maxfeerate * params.COIN * tx.vsize / 1000:
            reason = "Fee exceeds maximum configured by user (e.g. -maxtxfee, maxfeerate)"
            raise Refusal(policy.VERIFY_ERROR, reason)
        node.submit(tx)
    except Refusal as fault:
        raise RpcError(fault.code, fault.reason) from fault
    return tx.txid[::-1].hex()


def generatetoaddress(node: Node, nblocks: int, address: str) -> list[str]:
    try:
        script = node.script_of(address)
    except Refused:
        raise RpcError(INVALID_ADDRESS, "Error: Invalid address") from None
    return [node.generate(script)[::-1].hex() for _ in range(nblocks)]


def getnetworkinfo(_node: Node) -> dict[str, Any]:
    networks = (("ipv4", True), ("ipv6", True), ("onion", False), ("i2p", False), ("cjdns", False))
    return {
        "version": params.VERSION,
        "subversion": params.SUBVERSION,
        "protocolversion": params.PROTOCOL,
        "localservices": "0000000000000c09",
        "localservicesnames": ["NETWORK", "WITNESS", "NETWORK_LIMITED", "P2P_V2"],
        "localrelay": True,
        "timeoffset": 0,
        "networkactive": True,
        "connections": 0,
        "connections_in": 0,
        "connections_out": 0,
        "networks": [
            {
                "name": name,
                "limited": not there,
                "reachable": there,
                "proxy": "",
                "proxy_randomize_credentials": False,
            }
            for name, there in networks
        ],
        "relayfee": describe.btc(params.RELAY_FEE),
        "incrementalfee": describe.btc(params.RELAY_FEE),
        "localaddresses": [],
        "warnings": [params.WARNING],
    }


def getzmqnotifications(node: Node) -> list[dict[str, Any]]:
    return [
        {"type": f"pub{publisher.topic}", "address": publisher.address, "hwm": publisher.hwm}
        for publisher in node.notifier.publishers
    ]


def getindexinfo(_node: Node, _index_name: str) -> dict[str, Any]:
    return {}


def estimatesmartfee(_node: Node, _conf_target: int) -> dict[str, Any]:
    return {"errors": ["Insufficient data or no feerate found"], "blocks": 0}


HASH = Parameter("blockhash", (str,), required=True)
TXID = Parameter("txid", (str,), required=True)
METHODS: dict[str, Method] = {
    "getblockchaininfo": Method(getblockchaininfo),
    "getblockcount": Method(lambda node: node.chain.height),
    "getbestblockhash": Method(lambda node: node.chain.tip[::-1].hex()),
    "getblockhash": Method(getblockhash, (Parameter("height", (int,), required=True),)),
    "getblock": Method(getblock, (HASH, Parameter("verbosity", (int, bool), 1))),
    "getblockheader": Method(getblockheader, (HASH, Parameter("verbose", (bool,), True))),
    "getchaintips": Method(getchaintips),
    "getdifficulty": Method(lambda _node: params.DIFFICULTY),
    "gettxout": Method(
        gettxout,
        (TXID, Parameter("n", (int,), required=True), Parameter("include_mempool", (bool,), True)),
    ),
    "getmempoolinfo": Method(getmempoolinfo),
    "getrawmempool": Method(
        getrawmempool, (Parameter("verbose", (bool,), False), Parameter("mempool_sequence", (bool,), False))
    ),
    "getmempoolentry": Method(getmempoolentry, (TXID,)),
    "getrawtransaction": Method(
        getrawtransaction, (TXID, Parameter("verbosity", (int, bool), 0), Parameter("blockhash", (str,)))
    ),
    "sendrawtransaction": Method(
        sendrawtransaction,
        (Parameter("hexstring", (str,), required=True), Parameter("maxfeerate", (int, float), params.MAX_FEE_RATE)),
    ),
    "generatetoaddress": Method(
        generatetoaddress,
        (Parameter("nblocks", (int,), required=True), Parameter("address", (str,), required=True)),
    ),
    "getnetworkinfo": Method(getnetworkinfo),
    "getpeerinfo": Method(lambda _node: []),
    "getconnectioncount": Method(lambda _node: 0),
    "getzmqnotifications": Method(getzmqnotifications),
    "getindexinfo": Method(getindexinfo, (Parameter("index_name", (str,), ""),)),
    "uptime": Method(lambda node: int(time.time() - node.started)),
    "estimatesmartfee": Method(
        estimatesmartfee,
        (Parameter("conf_target", (int,), required=True),),
    ),
    # only in the simulator
    "getflowprice": Method(lambda _node: flow.announced(time.time())),
}


def _hash(text: str, name: str) -> bytes:
    if len(text) != 64:
        raise RpcError(INVALID_PARAMETER, f"{name} must be of length 64 (not {len(text)}, for '{text}')")
    try:
        return bytes.fromhex(text)[::-1]
    except ValueError:
        raise RpcError(INVALID_PARAMETER, f"{name} must be hexadecimal string (not '{text}')") from None


def _height(node: Node, blockhash: str) -> int:
    height = node.chain.height_of(_hash(blockhash, "blockhash"))
    if height is None:
        raise RpcError(INVALID_ADDRESS, "Block not found")
    return height


def _block(node: Node, blockhash: str) -> tuple[Block, int]:
    height = _height(node, blockhash)
    connected = node.chain.find(_hash(blockhash, "blockhash"))
    if connected is None:
        raise RpcError(MISC, "Block not available (pruned data)")
    return connected.block, height
