"""Ids and hashes as in rusty-kaspa: keyed BLAKE2b-256 over little-endian fields.

Source: rusty-kaspa `consensus/core/src/hashing/{tx,header}.rs`, `crypto/merkle/src/lib.rs`; tests/nodes/unit compares
them with recorded transactions and blocks. Since 2.0 transactions of version 1 are hashed with BLAKE3. The simulator
creates and accepts only version 0, which remains valid.
"""

from __future__ import annotations

import struct
from dataclasses import replace
from hashlib import blake2b

from sandbox.kaspad import mass
from sandbox.kaspad.model import Header, Input, Transaction
from sandbox.kaspad.params import COINBASE_SUBNETWORK

ZERO = "00" * 32


def finished(transaction: Transaction, storage_mass: int) -> Transaction:
    """The transaction with its masses, id and hash."""
    coinbase = transaction.subnetwork == COINBASE_SUBNETWORK
    weighed = replace(
        transaction, storage_mass=storage_mass, compute_mass=0 if coinbase else mass.compute_mass(transaction)
    )
    commitment = struct.pack("<Q", storage_mass) if storage_mass else b""
    full = _fields(weighed, signed=True)
    return replace(
        weighed,
        id=_keyed(b"TransactionID", full + commitment if coinbase else _fields(weighed, signed=False)),
        hash=_keyed(b"TransactionHash", full + commitment),
    )


def header_hash(header: Header) -> str:
    """A block's hash."""
    parents = [header.parents] if header.parents else []
    blue_work = (2 * header.blue_score).to_bytes(24, "big").lstrip(b"\0")
    return _keyed(
        b"BlockHash",
        struct.pack("<HQ", header.version, len(parents))
        + b"".join(struct.pack("<Q", len(level)) + bytes.fromhex("".join(level)) for level in parents)
        + bytes.fromhex(header.merkle_root + header.accepted_root + header.utxo_commitment)
        + struct.pack("<QIQQQ", header.timestamp, header.bits, header.nonce, header.daa_score, header.blue_score)
        + _bytes(blue_work)
        + bytes.fromhex(header.pruning_point),
    )


def merkle_root(hashes: list[str]) -> str:
    """Root over transaction hashes. A missing right leaf counts as zeros; a single leaf is its own root."""
    level = hashes or [ZERO]
    while len(level) > 1:
        padded = level + [ZERO] * (len(level) % 2)
        level = [
            _keyed(b"MerkleBranchHash", bytes.fromhex(left + right))
            for left, right in zip(padded[::2], padded[1::2], strict=True)
        ]
    return level[0]


def running(before: str, *parts: str) -> str:
    """A chained hash in place of kaspad's MuHash commitment to the UTXO set, which no client checks."""
    return blake2b("|".join((before, *parts)).encode(), digest_size=32).hexdigest()


def _fields(transaction: Transaction, *, signed: bool) -> bytes:
    return (
        struct.pack("<HQ", transaction.version, len(transaction.inputs))
        + b"".join(_input(entry, signed) for entry in transaction.inputs)
        + struct.pack("<Q", len(transaction.outputs))
        + b"".join(_output(amount, script) for amount, script in transaction.outputs)
        + struct.pack("<Q", transaction.lock_time)
        + bytes.fromhex(transaction.subnetwork)
        + struct.pack("<Q", transaction.gas)
        + _bytes(bytes.fromhex(transaction.payload))
    )


def _input(entry: Input, signed: bool) -> bytes:
    signature = _bytes(bytes.fromhex(entry.signature_script)) + bytes([entry.sig_op_count]) if signed else _bytes(b"")
    return (
        bytes.fromhex(entry.outpoint.transaction_id)
        + struct.pack("<I", entry.outpoint.output_index)
        + signature
        + struct.pack("<Q", entry.sequence)
    )


def _output(amount: int, script: str) -> bytes:
    version, body = int(script[:4], 16), bytes.fromhex(script[4:])
    return struct.pack("<QH", amount, version) + _bytes(body)


def _bytes(value: bytes) -> bytes:
    return struct.pack("<Q", len(value)) + value


def _keyed(key: bytes, value: bytes) -> str:
    return blake2b(value, digest_size=32, key=key).hexdigest()
