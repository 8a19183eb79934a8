"""Blocks, transactions and scripts as bitcoind's JSON shows them (src/core_io.cpp, src/rpc/blockchain.cpp at v31.99).

Amounts are BTC as floats: JSON numbers with eight decimals.
"""

from __future__ import annotations

from typing import Any

from nodeclients import base32, segwit

from sandbox.bitcoind.block import Block, Header
from sandbox.bitcoind.chain import Chain
from sandbox.bitcoind.mempool import Entry, Mempool
from sandbox.bitcoind.params import COIN, DIFFICULTY, HRP, TARGET
from sandbox.bitcoind.tx import Tx, TxIn

_DESCRIPTOR = (0xF5DEE51989, 0xA9FDCA3312, 0x1BAB10E32D, 0x3706B1677A, 0x644D626FFD)
"""Generator of the checksum of descriptors (BIP380)."""


def header(chain: Chain, value: Header, height: int) -> dict[str, Any]:
    """The answer of getblockheader, which is also the first part of getblock."""
    around: dict[str, Any] = {}
    best = chain.on_best(value.hash)
    if height:
        around["previousblockhash"] = value.previous[::-1].hex()
    if best and height < chain.height:
        around["nextblockhash"] = chain.hashes[height + 1][::-1].hex()
    return {
        "hash": value.hash[::-1].hex(),
        "confirmations": chain.height - height + 1 if best else -1,
        "height": height,
        "version": value.version,
        "versionHex": f"{value.version:08x}",
        "merkleroot": value.merkle_root[::-1].hex(),
        "time": value.time,
        "mediantime": chain.median_time(value.hash),
        "nonce": value.nonce,
        "bits": f"{value.bits:08x}",
        "target": f"{TARGET:064x}",
        "difficulty": DIFFICULTY,
        "chainwork": chain_work(height),
        **around,
    }


def block(chain: Chain, value: Block, height: int, verbosity: int) -> dict[str, Any]:
    """The answer of getblock with verbosity 1 (ids) or 2 (transactions with fees)."""
    first = value.transactions[0]
    entry = first.ins[0]
    size, stripped = len(value.raw), value.stripped_size
    coinbase = {
        "version": first.version,
        "locktime": first.locktime,
        "sequence": entry.sequence,
        "coinbase": entry.script_sig.hex(),
        **({"witness": entry.witness[0].hex()} if entry.witness else {}),
    }
    transactions: list[Any] = [tx.txid[::-1].hex() for tx in value.transactions]
    if verbosity > 1:
        found = chain.find(value.hash)
        spent = found.spent if found else {}
        transactions = []
        for tx in value.transactions:
            paid = sum(spent[item.outpoint].amount for item in tx.ins if item.outpoint in spent)
            fee = {} if tx.is_coinbase else {"fee": btc(paid - sum(output.amount for output in tx.outs))}
            transactions.append(transaction(tx) | fee | {"hex": tx.raw.hex()})
    return header(chain, value.header, height) | {
        "nTx": len(value.transactions),
        "strippedsize": stripped,
        "size": size,
        "weight": 3 * stripped + size,
        "coinbase_tx": coinbase,
        "tx": transactions,
    }


def transaction(tx: Tx) -> dict[str, Any]:
    """A transaction as in getrawtransaction and getblock, without the fields that depend on its block."""
    return {
        "txid": tx.txid[::-1].hex(),
        "hash": tx.wtxid[::-1].hex(),
        "version": tx.version,
        "size": len(tx.raw),
        "vsize": tx.vsize,
        "weight": tx.weight,
        "locktime": tx.locktime,
        "vin": [_input(tx, entry) for entry in tx.ins],
        "vout": [
            {"value": btc(output.amount), "n": index, "scriptPubKey": script(output.script)}
            for index, output in enumerate(tx.outs)
        ],
    }


def in_block(tx: Tx, block_header: Header, chain: Chain, height: int) -> dict[str, Any]:
    """The answer of getrawtransaction for a transaction in a block."""
    best = chain.on_best(block_header.hash)
    return {
        "in_active_chain": best,
        **transaction(tx),
        "hex": tx.raw.hex(),
        "blockhash": block_header.hash[::-1].hex(),
        "confirmations": chain.height - height + 1 if best else 0,
        "time": block_header.time,
        "blocktime": block_header.time,
    }


def script(value: bytes) -> dict[str, Any]:
    """A scriptPubKey. All types except witness and OP_RETURN are reported as nonstandard."""
    address = segwit.address_of(value, HRP)
    if address:
        version, program = value[0] - 0x50 if value[0] else 0, value[2:]
        kinds = {(0, 20): "witness_v0_keyhash", (0, 32): "witness_v0_scripthash", (1, 32): "witness_v1_taproot"}
        kind = kinds.get((version, len(program)), "witness_unknown")
        raw = f"rawtr({program.hex()})" if kind == "witness_v1_taproot" else f"addr({address})"
        about = {
            "asm": f"{version} {program.hex()}",
            "desc": with_checksum(raw),
            "hex": value.hex(),
            "address": address,
        }
        return {**about, "type": kind}
    if value[:1] == b"\x6a":
        asm, kind = f"OP_RETURN {value[2:].hex()}".strip(), "nulldata"
    else:
        asm, kind = value.hex(), "nonstandard"
    return {"asm": asm, "desc": with_checksum(f"raw({value.hex()})"), "hex": value.hex(), "type": kind}


def mempool_entry(mempool: Mempool, txid: bytes) -> dict[str, Any]:
    """The answer of getmempoolentry. Ancestors and descendants include the transaction itself."""
    entry = mempool.entries[txid]
    ancestors = _related(txid, mempool.parents, mempool)
    descendants = _related(txid, mempool.children, mempool)
    fee = btc(entry.priced.fee)
    return {
        "vsize": entry.tx.vsize,
        "weight": entry.tx.weight,
        "time": entry.time,
        "height": entry.height,
        "descendantcount": len(descendants),
        "descendantsize": sum(each.tx.vsize for each in descendants),
        "ancestorcount": len(ancestors),
        "ancestorsize": sum(each.tx.vsize for each in ancestors),
        "wtxid": entry.tx.wtxid[::-1].hex(),
        "chunkweight": entry.tx.weight,
        "fees": {
            "base": fee,
            "modified": fee,
            "ancestor": btc(sum(each.priced.fee for each in ancestors)),
            "descendant": btc(sum(each.priced.fee for each in descendants)),
            "chunk": fee,
        },
        "depends": [parent[::-1].hex() for parent in mempool.parents(txid)],
        "spentby": [child[::-1].hex() for child in mempool.children(txid)],
        "unbroadcast": True,
    }


def btc(amount: int) -> float:
    """Satoshis as a JSON number of BTC."""
    return amount / COIN


def chain_work(height: int) -> str:
    """Two hashes per block at regtest's target."""
    return f"{2 * (height + 1):064x}"


def with_checksum(body: str) -> str:
    """A descriptor with its checksum (BIP380)."""
    charset = "0123456789()[],'/*abcdefgh@:$%{}IJKLMNOPQRSTUVWXYZ&+-.;<=>?!^_|~ijklmnopqrstuvwxyzABCDEFGH`#\"\\ "
    symbols: list[int] = []
    groups: list[int] = []
    for letter in body:
        place = charset.index(letter)
        symbols.append(place & 31)
        groups.append(place >> 5)
        if len(groups) == 3:
            symbols.append(groups[0] * 9 + groups[1] * 3 + groups[2])
            groups.clear()
    if groups:
        symbols.append(groups[0] * 3 + groups[1] if len(groups) == 2 else groups[0])
    remainder = base32.polymod([*symbols, *([0] * 8)], _DESCRIPTOR, 8) ^ 1
    return f"{body}#{base32.checksum(remainder, 8)}"


def _input(tx: Tx, entry: TxIn) -> dict[str, Any]:
    witness = {"txinwitness": [item.hex() for item in entry.witness]} if entry.witness else {}
    if tx.is_coinbase:
        return {"coinbase": entry.script_sig.hex(), **witness, "sequence": entry.sequence}
    return {
        "txid": entry.outpoint.txid[::-1].hex(),
        "vout": entry.outpoint.vout,
        "scriptSig": {"asm": entry.script_sig.hex(), "hex": entry.script_sig.hex()},
        **witness,
        "sequence": entry.sequence,
    }


def _related(txid: bytes, step: Any, mempool: Mempool) -> list[Entry]:
    found, waiting = {txid: mempool.entries[txid]}, [txid]
    while waiting:
        for other in step(waiting.pop()):
            if other not in found:
                found[other] = mempool.entries[other]
                waiting.append(other)
    return list(found.values())
