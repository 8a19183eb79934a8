"""Bitcoin transactions walked by offsets: nothing is copied, nothing is built, only what the filter asks is read.

The layout is Bitcoin Core's serialization (`src/primitives/transaction.h`, `SerializeTransaction`) with BIP 144's
witness.

Two readers share the work. `COMMON` is a regular expression that recognises the shapes of nine in ten transactions in
C; `walk` reads whatever is left, element by element, in Python. Both are linear in the bytes they pass: every
alternative of `COMMON` begins with another byte, so it never tries a second way, and every step of `walk` moves
forward.
"""

from __future__ import annotations

import re
from typing import NamedTuple

OP_RETURN = 0x6A
NULL_PARENT = bytes(32) + b"\xff\xff\xff\xff"  # what a coinbase spends
MAX_SIZE = 0x02000000  # Bitcoin Core src/serialize.h MAX_SIZE: no length may exceed it


class Malformed(ValueError):
    """The bytes are no transaction or block; the message says which rule they break."""


class Layout(NamedTuple):
    """Where the parts of one transaction lie; all offsets count from the start of the buffer."""

    end: int
    body_end: int  # end of the outputs: witness and lock time follow
    n_inputs: int
    first_input: int
    n_outputs: int
    first_output: int
    heaviest_witness: int  # largest sum of item lengths of one input, bytes; exact above 105


def compact_size(raw: bytes, pos: int) -> tuple[int, int]:
    """Bitcoin's variable-length count at `pos`: (value, position behind it).

    Raises IndexError beyond the end, Malformed for a longer form than needed or a value above `MAX_SIZE`.
    """
    first = raw[pos]
    if first < 0xFD:
        return first, pos + 1
    width = 2 << (first - 0xFD)
    end = pos + 1 + width
    raw[end - 1]  # a cut-off count must raise, and a slice would not
    value = int.from_bytes(raw[pos + 1 : end], "little")
    if value < (0xFD, 1 << 16, 1 << 32)[first - 0xFD] or value > MAX_SIZE:
        raise Malformed("a count is not in its shortest form or too large")
    return value, end


_Run = tuple[int, re.Pattern[bytes]]


def _one_of(*alternatives: bytes) -> bytes:
    return b"(?:" + b"|".join(alternatives) + b")"


def _sized(length: int) -> bytes:
    """A byte string of `length` with its one-byte length before it."""
    return re.escape(bytes([length])) + b".{%d}" % length


# Lengths as ordinary wallets make them, most frequent first (counted in mainnet blocks 413567 to 722010).
_SPENT = (
    b".{36}"
    + _one_of(
        *(_sized(n) for n in (0, 23, 106, 107, 35, 217, 218, 219, 138, 139, 252, 105, 140, 108, 216)),
        rb"\xfd\xfd\x00.{253}",
        rb"\xfd\xfe\x00.{254}",
    )
    + b".{4}"
)
_OUTPUT = b".{8}" + _one_of(*(_sized(n) for n in (23, 22, 25, 34, 83, 35, 70, 48, 67)))
_ITEM = _one_of(*(_sized(n) for n in (71, 72, 33, 0, 105, 37, 70, 64, 65, 78)))
_WITNESS = _one_of(
    rb"\x02(?:\x47.{71}|\x48.{72}|\x46.{70})\x21.{33}",
    rb"\x00",
    rb"\x04" + _ITEM * 4,
    rb"\x03" + _ITEM * 3,
    rb"\x01" + _ITEM,
)
_HEAVIEST_WITNESS = 4 * 105  # bytes, of those that `_WITNESS` recognises


def _common_transactions() -> re.Pattern[bytes]:
    """Up to five inputs, one to eight outputs; what may be a coinbase (a parent of zeros) is left to `walk`.

    Groups: 1 set behind a SegWit marker; 2 to 6 the inputs, of which the one for the right count is set; 7 and 8 the
    values of a pair of standard payments, set when the transaction passes every rule that its own bytes decide;
    9 set when a pair holds a data output; 10 empty, at the end of the outputs.
    """
    payment = _one_of(
        rb"\x17\xa9.{22}", rb"\x16\x00.{21}", rb"\x19v.{24}", rb"\x22[\x00\x51].{33}", rb"\x23!.{34}", rb"\x43A.{66}"
    )
    inputs = [
        rb"(\x01(?!\x00\x00\x00\x00)" + _SPENT + b")",
        *(b"(\\x0%d" % n + _SPENT * n + b")" for n in range(2, 6)),
    ]
    data = b".{8}" + _one_of(*(b"%b\x6a.{%d}" % (re.escape(bytes([n])), n - 1) for n in (83, 22, 38, 42, 48, 70)))
    outputs = [
        rb"\x02(.{8})" + payment + b"(.{8})" + payment,
        rb"\x02" + _one_of(data + _OUTPUT, _OUTPUT + data) + b"()",
        *(b"\\x0%d" % n + _OUTPUT * n for n in (1, *range(3, 9))),
    ]
    witnesses = b"".join(b"(?(%d)" % (n + 1) + _WITNESS * n + b")" for n in range(1, 6))
    return re.compile(
        rb".{4}(?:\x00\x01()|)" + _one_of(*inputs) + _one_of(*outputs) + b"()(?(1)" + witnesses + b").{4}", re.DOTALL
    )


COMMON = _common_transactions()
_RUNS = (16, 4)  # elements that one expression takes at a time; a call costs as much as four elements in Python
_SPENT_RUNS = [(n, re.compile(_SPENT * n, re.DOTALL)) for n in _RUNS]
_OUTPUT_RUNS = [(n, re.compile(_OUTPUT * n, re.DOTALL)) for n in _RUNS]
_WITNESS_RUNS = [(n, re.compile(_WITNESS * n, re.DOTALL)) for n in _RUNS]


def _skip_runs(runs: list[_Run], raw: bytes, pos: int, count: int) -> tuple[int, int]:
    """Skip common elements many at a time: (position behind them, how many are left)."""
    for length, common in runs:
        while count >= length and (run := common.match(raw, pos)):
            pos = run.end()
            count -= length
    return pos, count


def _skip_inputs(raw: bytes, pos: int, count: int) -> int:
    while count:
        if count >= 4:
            pos, count = _skip_runs(_SPENT_RUNS, raw, pos, count)
        for _ in range(min(count, 4)):
            length = raw[pos + 36]
            if length < 0xFD:
                pos += 41 + length
            else:
                length, pos = compact_size(raw, pos + 36)
                pos += length + 4
        count -= min(count, 4)
    return pos


def _skip_outputs(raw: bytes, pos: int, count: int) -> int:
    while count:
        if count >= 16:
            pos, count = _skip_runs(_OUTPUT_RUNS, raw, pos, count)
        for _ in range(min(count, 16)):
            length = raw[pos + 8]
            if length < 0xFD:
                pos += 9 + length
            else:
                length, pos = compact_size(raw, pos + 8)
                pos += length
        count -= min(count, 16)
    return pos


def _skip_witnesses(raw: bytes, pos: int, count: int) -> tuple[int, int]:
    """Position behind `count` witnesses and the largest sum of item lengths among them."""
    heaviest = 0
    while count:
        if count >= 4:
            pos, count = _skip_runs(_WITNESS_RUNS, raw, pos, count)
        for _ in range(min(count, 4)):
            items, pos = compact_size(raw, pos)
            weight = 0
            for _ in range(items):
                length = raw[pos]
                if length < 0xFD:
                    pos += 1 + length
                else:
                    length, pos = compact_size(raw, pos)
                    pos += length
                weight += length
            heaviest = max(heaviest, weight)
        count -= min(count, 4)
    return pos, heaviest


def walk(raw: bytes, pos: int) -> Layout:
    """The layout of the transaction that starts at `pos`. Raises IndexError (cut off) or Malformed."""
    pos += 4
    segwit = raw[pos] == 0
    if segwit:
        if raw[pos + 1] != 1:
            raise Malformed("no inputs, and no SegWit marker either")
        pos += 2
    n_inputs, first_input = compact_size(raw, pos)
    n_outputs, first_output = compact_size(raw, _skip_inputs(raw, first_input, n_inputs))
    body_end = pos = _skip_outputs(raw, first_output, n_outputs)
    heaviest = 0
    if segwit:
        pos, heaviest = _skip_witnesses(raw, pos, n_inputs)
    end = pos + 4
    raw[end - 1]  # a cut-off lock time must raise
    if n_inputs == 0 or n_outputs == 0:
        raise Malformed("a transaction without inputs or outputs")
    return Layout(end, body_end, n_inputs, first_input, n_outputs, first_output, heaviest)
