"""Transactions and their serialization (BIP144). Amounts in satoshis, hashes as bytes in wire order."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256
from typing import NamedTuple


class Truncated(ValueError):
    """The bytes are too short, too long, or not a transaction."""


class Outpoint(NamedTuple):
    txid: bytes
    vout: int


class TxIn(NamedTuple):
    outpoint: Outpoint
    script_sig: bytes
    sequence: int
    witness: tuple[bytes, ...] = ()


class TxOut(NamedTuple):
    amount: int
    script: bytes


@dataclass(frozen=True)
class Tx:
    ins: tuple[TxIn, ...]
    outs: tuple[TxOut, ...]
    version: int = 2
    locktime: int = 0

    @cached_property
    def raw(self) -> bytes:
        """The serialization, with witnesses if there are any."""
        return self._bytes(witness=any(entry.witness for entry in self.ins))

    @cached_property
    def stripped(self) -> bytes:
        return self._bytes(witness=False)

    @cached_property
    def txid(self) -> bytes:
        return double_sha256(self.stripped)

    @cached_property
    def wtxid(self) -> bytes:
        return double_sha256(self.raw)

    @property
    def weight(self) -> int:
        return 3 * len(self.stripped) + len(self.raw)

    @property
    def vsize(self) -> int:
        return (self.weight + 3) // 4

    @property
    def is_coinbase(self) -> bool:
        return len(self.ins) == 1 and self.ins[0].outpoint == NULL_OUTPOINT

    def _bytes(self, *, witness: bool) -> bytes:
        parts = [self.version.to_bytes(4, "little"), b"\x00\x01" if witness else b"", compact(len(self.ins))]
        parts += [
            entry.outpoint.txid
            + entry.outpoint.vout.to_bytes(4, "little")
            + counted(entry.script_sig)
            + entry.sequence.to_bytes(4, "little")
            for entry in self.ins
        ]
        parts.append(compact(len(self.outs)))
        parts += [output.amount.to_bytes(8, "little") + counted(output.script) for output in self.outs]
        if witness:
            parts += [compact(len(entry.witness)) + b"".join(map(counted, entry.witness)) for entry in self.ins]
        parts.append(self.locktime.to_bytes(4, "little"))
        return b"".join(parts)


NULL_OUTPOINT = Outpoint(bytes(32), 0xFFFFFFFF)
"""The outpoint of a coinbase input."""


def double_sha256(value: bytes) -> bytes:
    return sha256(sha256(value).digest()).digest()


def compact(number: int) -> bytes:
    """Bitcoin's CompactSize encoding."""
    for prefix, limit, width in ((b"", 0xFD, 1), (b"\xfd", 1 << 16, 2), (b"\xfe", 1 << 32, 4)):
        if number < limit:
            return prefix + number.to_bytes(width, "little")
    return b"\xff" + number.to_bytes(8, "little")


def counted(value: bytes) -> bytes:
    return compact(len(value)) + value


class Reader:
    """Reads a byte string from its start. Raises Truncated at its end."""

    def __init__(self, raw: bytes) -> None:
        self._raw = raw
        self.at = 0

    def take(self, count: int) -> bytes:
        part = self._raw[self.at : self.at + count]
        if len(part) != count:
            raise Truncated(f"expected {count} bytes at {self.at}, got {len(part)}")
        self.at += count
        return part

    def number(self, width: int) -> int:
        return int.from_bytes(self.take(width), "little")

    def size(self) -> int:
        first = self.number(1)
        return first if first < 0xFD else self.number(1 << (first - 0xFC))

    def string(self) -> bytes:
        return self.take(self.size())

    @property
    def done(self) -> bool:
        return self.at == len(self._raw)

    def tx(self) -> Tx:
        version = self.number(4)
        ins_count, witness = self.size(), False
        if ins_count == 0:
            if self.number(1) != 1:
                raise Truncated("no inputs and no witness flag")
            witness, ins_count = True, self.size()
        ins = [TxIn(Outpoint(self.take(32), self.number(4)), self.string(), self.number(4)) for _ in range(ins_count)]
        outs = tuple(TxOut(self.number(8), self.string()) for _ in range(self.size()))
        if witness:
            ins = [entry._replace(witness=tuple(self.string() for _ in range(self.size()))) for entry in ins]
        return Tx(tuple(ins), outs, version, self.number(4))


def parse(raw: bytes) -> Tx:
    """The transaction that these bytes hold, all of them. Raises Truncated otherwise."""
    reader = Reader(raw)
    found = reader.tx()
    if not reader.done or not found.ins:
        raise Truncated("bytes left over, or no inputs")
    return found
