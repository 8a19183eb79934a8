"""Blocks: headers with real (regtest) proof of work, merkle roots, BIP34 heights, BIP141 commitments."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from sandbox.bitcoind.params import (
    BITS,
    BLOCK_VERSION,
    COIN,
    GENESIS_NONCE,
    GENESIS_TIME,
    HALVING,
    SUBSIDY,
    TARGET,
)
from sandbox.bitcoind.tx import NULL_OUTPOINT, Reader, Tx, TxIn, TxOut, compact, double_sha256

COMMITMENT = b"\x6a\x24\xaa\x21\xa9\xed"
"""OP_RETURN, a push of 36 bytes, and the header of BIP141; the commitment follows."""


@dataclass(frozen=True)
class Header:
    version: int
    previous: bytes
    merkle_root: bytes
    time: int
    bits: int
    nonce: int

    @cached_property
    def raw(self) -> bytes:
        return (
            self.version.to_bytes(4, "little")
            + self.previous
            + self.merkle_root
            + self.time.to_bytes(4, "little")
            + self.bits.to_bytes(4, "little")
            + self.nonce.to_bytes(4, "little")
        )

    @cached_property
    def hash(self) -> bytes:
        return double_sha256(self.raw)


@dataclass(frozen=True)
class Block:
    header: Header
    transactions: tuple[Tx, ...]

    @property
    def hash(self) -> bytes:
        return self.header.hash

    @cached_property
    def raw(self) -> bytes:
        return self.header.raw + compact(len(self.transactions)) + b"".join(tx.raw for tx in self.transactions)

    @property
    def stripped_size(self) -> int:
        return 80 + len(compact(len(self.transactions))) + sum(len(tx.stripped) for tx in self.transactions)


def read_header(raw: bytes) -> Header:
    reader = Reader(raw)
    return Header(
        reader.number(4), reader.take(32), reader.take(32), reader.number(4), reader.number(4), reader.number(4)
    )


def read_block(raw: bytes) -> Block:
    """Raises Truncated if the bytes are not a block."""
    reader = Reader(raw)
    header = read_header(reader.take(80))
    return Block(header, tuple(reader.tx() for _ in range(reader.size())))


def merkle_root(hashes: Sequence[bytes]) -> bytes:
    """The last hash of a level with an odd number of hashes is duplicated."""
    level = list(hashes)
    while len(level) > 1:
        level += level[-1:] * (len(level) % 2)
        level = [double_sha256(left + right) for left, right in zip(level[::2], level[1::2], strict=True)]
    return level[0]


def mine(previous: bytes, chosen: Sequence[Tx], *, height: int, time: int, script: bytes, fees: int) -> Block:
    """A block of `chosen` whose coinbase pays subsidy and fees to `script`. Needs two nonces on average."""
    reserved = bytes(32)
    root = merkle_root([bytes(32), *(tx.wtxid for tx in chosen)])
    commitment = TxOut(0, COMMITMENT + double_sha256(root + reserved))
    reward = TxOut((SUBSIDY >> (height // HALVING)) + fees, script)
    # the height in the coinbase (BIP34) and in its lock time (BIP54), as Core's own miner does since v30
    first = TxIn(NULL_OUTPOINT, _pushed(height) + b"\x00", 0xFFFFFFFE, (reserved,))
    transactions = (Tx((first,), (reward, commitment), 2, height - 1), *chosen)
    merkle = merkle_root([tx.txid for tx in transactions])
    nonce = 0
    while True:
        header = Header(BLOCK_VERSION, previous, merkle, time, BITS, nonce)
        if int.from_bytes(header.hash, "little") <= TARGET:
            return Block(header, transactions)
        nonce += 1


def genesis() -> Block:
    """Regtest's first block: `CreateGenesisBlock`, src/kernel/chainparams.cpp."""
    words = b"The Times 03/Jan/2009 Chancellor on brink of second bailout for banks"
    key = bytes.fromhex(
        "04678afdb0fe5548271967f1a67130b7105cd6a828e03909a67962e0ea1f61deb649f6bc3f4cef38c4f35504e51ec112de5c384df7ba0b"
        "8d578a4c702b6bf11d5f"
    )
    script_sig = b"\x04\xff\xff\x00\x1d\x01\x04" + bytes([len(words)]) + words
    output = TxOut(50 * COIN, bytes([len(key)]) + key + b"\xac")
    coinbase = Tx((TxIn(NULL_OUTPOINT, script_sig, 0xFFFFFFFF),), (output,), 1)
    return Block(Header(1, bytes(32), coinbase.txid, GENESIS_TIME, BITS, GENESIS_NONCE), (coinbase,))


def _pushed(height: int) -> bytes:
    """A script that pushes the height: OP_1 to OP_16, else a minimal signed number."""
    if 1 <= height <= 16:
        return bytes([0x50 + height])
    number = height.to_bytes(height.bit_length() // 8 + 1, "little")
    return bytes([len(number)]) + number
