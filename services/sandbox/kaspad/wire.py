"""Values to wRPC JSON and back, in the shapes recorded from a real 2.0.1 (tests/data/kaspad/simnet-2.0.1.jsonl)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from nodeclients.address import address_of

from sandbox.kaspad import hashing, mass
from sandbox.kaspad.fields import Malformed, hash_of, hex_of, integer, listing, mapping
from sandbox.kaspad.model import Block, Coin, Header, Input, Outpoint, Output, Transaction
from sandbox.kaspad.params import DIFFICULTY, PREFIX
from sandbox.kaspad.rules import Checked

CoinOf = Callable[[Outpoint], Coin | None]


def utxo(outpoint: Outpoint, coin: Coin) -> dict[str, Any]:
    return {
        "address": address_of(coin.script, PREFIX),
        "outpoint": {"transactionId": outpoint.transaction_id, "index": outpoint.output_index},
        "utxoEntry": {
            "amount": coin.amount,
            "scriptPublicKey": coin.script,
            "blockDaaScore": coin.daa_score,
            "isCoinbase": coin.coinbase,
            "covenantId": None,
        },
    }


def transaction(value: Transaction, *, within: Block | None = None, verbose: bool = True) -> dict[str, Any]:
    """`within` is the block that contains it. A mempool transaction reports block 00..00 and time 0."""
    about = {
        "transactionId": value.id,
        "hash": value.hash,
        "computeMass": value.compute_mass,
        "blockHash": within.hash if within else hashing.ZERO,
        "blockTime": within.header.timestamp if within else 0,
    }
    return {
        "version": value.version,
        "inputs": [
            {
                "previousOutpoint": {
                    "transactionId": entry.outpoint.transaction_id,
                    "index": entry.outpoint.output_index,
                },
                "signatureScript": entry.signature_script,
                "sequence": entry.sequence,
                "sigOpCount": entry.sig_op_count,
                "computeBudget": 0,
                "verboseData": None,
            }
            for entry in value.inputs
        ],
        "outputs": [_output(output, verbose) for output in value.outputs],
        "lockTime": value.lock_time,
        "subnetworkId": value.subnetwork,
        "gas": value.gas,
        "payload": value.payload,
        "mass": value.storage_mass,
        "storageMass": value.storage_mass,
        "verboseData": about if verbose else None,
    }


def template(block: Block) -> dict[str, Any]:
    """The block of a getBlockTemplate answer, in the form in which it must be submitted: without a hash."""
    header = _header(block)
    del header["hash"]
    return {"header": header, "transactions": [transaction(value, verbose=False) for value in block.transactions]}


def full_block(block: Block, *, transactions: bool, children: list[str], on_chain: bool) -> dict[str, Any]:
    return {
        "header": _header(block),
        "transactions": [transaction(value, within=block) for value in block.transactions] if transactions else [],
        "verboseData": {
            "hash": block.hash,
            "difficulty": DIFFICULTY,
            "selectedParentHash": block.header.parents[0] if block.header.parents else "fe" * 32,
            "transactionIds": [value.id for value in block.transactions],
            "isHeaderOnly": False,
            "blueScore": block.header.blue_score,
            "childrenHashes": children,
            "mergeSetBluesHashes": list(block.header.parents),
            "mergeSetRedsHashes": [],
            "isChainBlock": on_chain,
        },
    }


def mempool_entry(checked: Checked) -> dict[str, Any]:
    return {"fee": checked.fee, "transaction": transaction(checked.transaction), "is_orphan": False}


def read_transaction(value: Any, coin_of: CoinOf | None = None) -> Transaction:
    """A transaction as clients send it. `coin_of` finds the inputs' amounts for the storage mass. Raises Malformed."""
    entry = mapping(value)
    inputs = tuple(_read_input(item) for item in listing(entry.get("inputs")))
    outputs = tuple(
        Output(integer(mapping(item).get("value"), 2**64), _script(mapping(item).get("scriptPublicKey")))
        for item in listing(entry.get("outputs"))
    )
    parsed = Transaction(
        inputs,
        outputs,
        subnetwork=hex_of(entry.get("subnetworkId"), 20),
        payload=hex_of(entry.get("payload")),
        version=integer(entry.get("version"), 2**16),
        lock_time=integer(entry.get("lockTime"), 2**64),
        gas=integer(entry.get("gas"), 2**64),
    )
    coins = [coin_of(item.outpoint) for item in inputs] if coin_of else []
    amounts = [coin.amount for coin in coins if coin]
    known = len(amounts) == len(inputs) and all(output.amount for output in outputs)
    storage = mass.storage_mass(amounts, [output.amount for output in outputs]) if amounts and known else 0
    return hashing.finished(parsed, storage)


def read_block(value: Any, coin_of: CoinOf) -> Block:
    """A block as miners submit it. Raises Malformed."""
    block = mapping(value)
    fields = mapping(block.get("header"))
    parents = [hash_of(item) for level in listing(fields.get("parentsByLevel"))[:1] for item in listing(level)]
    header = Header(
        parents=tuple(parents),
        merkle_root=hash_of(fields.get("hashMerkleRoot")),
        accepted_root=hash_of(fields.get("acceptedIdMerkleRoot")),
        utxo_commitment=hash_of(fields.get("utxoCommitment")),
        timestamp=integer(fields.get("timestamp"), 2**64),
        daa_score=integer(fields.get("daaScore"), 2**64),
        blue_score=integer(fields.get("blueScore"), 2**64),
        pruning_point=hash_of(fields.get("pruningPoint")),
        nonce=integer(fields.get("nonce"), 2**64),
        version=integer(fields.get("version"), 2**16),
        bits=integer(fields.get("bits"), 2**32),
    )
    transactions = tuple(read_transaction(item, coin_of) for item in listing(block.get("transactions")))
    return Block(hashing.header_hash(header), header, transactions)


def _header(block: Block) -> dict[str, Any]:
    header = block.header
    return {
        "hash": block.hash,
        "version": header.version,
        "parentsByLevel": [list(header.parents)] if header.parents else [],
        "hashMerkleRoot": header.merkle_root,
        "acceptedIdMerkleRoot": header.accepted_root,
        "utxoCommitment": header.utxo_commitment,
        "timestamp": header.timestamp,
        "bits": header.bits,
        "nonce": header.nonce,
        "daaScore": header.daa_score,
        "blueWork": f"{2 * header.blue_score:048x}",
        "blueScore": header.blue_score,
        "pruningPoint": header.pruning_point,
    }


def _output(output: Output, verbose: bool) -> dict[str, Any]:
    address = address_of(output.script, PREFIX)
    kind = {"20": "PubKey", "21": "PubKeyECDSA"}.get(output.script[4:6], "ScriptHash") if address else "NonStandard"
    return {
        "value": output.amount,
        "scriptPublicKey": output.script,
        "covenant": None,
        "verboseData": {"scriptPublicKeyType": kind, "scriptPublicKeyAddress": address} if verbose else None,
    }


def _read_input(value: Any) -> Input:
    entry = mapping(value)
    outpoint = mapping(entry.get("previousOutpoint"))
    return Input(
        Outpoint(hash_of(outpoint.get("transactionId")), integer(outpoint.get("index"), 2**32)),
        hex_of(entry.get("signatureScript")),
        integer(entry.get("sequence"), 2**64),
        integer(entry.get("sigOpCount"), 2**8),
    )


def _script(value: Any) -> str:
    script = hex_of(value)
    if len(script) < 4:
        raise Malformed
    return script
