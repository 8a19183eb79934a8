"""Reads Bitcoin transactions by offsets, without copies or objects, and only the parts that the filter needs.

The layout is Bitcoin Core's serialization (`src/primitives/transaction.h`, `SerializeTransaction`) with the witness of
BIP 144.

There are two readers. The expressions of `oracle.shapes` match nine in ten transactions in C; `walk` reads the others
in Python, element by element. Both take linear time: every alternative of an expression begins with a different
byte, so there is hardly any backtracking, and every step of `walk` moves forward.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from oracle.shapes import OUTPUT, SPENT, WITNESS

OP_RETURN = 0x6A
NULL_PARENT = bytes(32) + b"\xff\xff\xff\xff"  # the outpoint of a coinbase input
MAX_SIZE = 0x02000000  # Bitcoin Core src/serialize.h MAX_SIZE: no length may exceed it


class Malformed(ValueError):
    """The bytes are not a transaction or block; the message says which rule they violate."""


class Layout(NamedTuple):
    """The offsets of the parts of one transaction, relative to the start of the buffer."""

    end: int
    body_end: int  # end of the outputs: witness and lock time follow
    n_inputs: int
    first_input: int
    n_outputs: int
    first_output: int
    heaviest_witness: int  # largest sum of item lengths of one input, bytes; exact above 420


def compact_size(raw: bytes, pos: int) -> tuple[int, int]:
    """Bitcoin's CompactSize at `pos`: (value, position after it).

    Raises IndexError past the end, Malformed for a non-minimal encoding or a value above `MAX_SIZE`.
    """
    first = raw[pos]
    if first < 0xFD:
        return first, pos + 1
    width = 2 << (first - 0xFD)
    end = pos + 1 + width
    raw[end - 1]  # a truncated count must raise; a slice would not
    value = int.from_bytes(raw[pos + 1 : end], "little")
    if value < (0xFD, 1 << 16, 1 << 32)[first - 0xFD] or value > MAX_SIZE:
        raise Malformed("a count is not minimally encoded or too large")
    return value, end


_Run = tuple[int, re.Pattern[bytes]]
_RUNS = (16, 4)  # elements per match; a call costs as much as reading four elements in Python
_SPENT_RUNS = [(n, re.compile(SPENT * n, re.DOTALL)) for n in _RUNS]
_OUTPUT_RUNS = [(n, re.compile(OUTPUT * n, re.DOTALL)) for n in _RUNS]
_WITNESS_RUNS = [(n, re.compile(WITNESS * n, re.DOTALL)) for n in _RUNS]


def _skip_runs(runs: list[_Run], raw: bytes, pos: int, count: int) -> tuple[int, int]:
    """Skip runs of common elements: (position after them, number of elements left)."""
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
    """Position after `count` witnesses, and the largest sum of item lengths among them."""
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
    """The layout of the transaction at `pos`. Raises IndexError (truncated) or Malformed."""
    pos += 4
    segwit = raw[pos] == 0
    if segwit:
        if raw[pos + 1] != 1:
            raise Malformed("no inputs, and no SegWit marker either")
        pos += 2
    n_inputs, first_input = raw[pos], pos + 1
    if n_inputs >= 0xFD:
        n_inputs, first_input = compact_size(raw, pos)
    pos = _skip_inputs(raw, first_input, n_inputs)
    n_outputs, first_output = raw[pos], pos + 1
    if n_outputs >= 0xFD:
        n_outputs, first_output = compact_size(raw, pos)
    body_end = pos = _skip_outputs(raw, first_output, n_outputs)
    heaviest = 0
    if segwit:
        pos, heaviest = _skip_witnesses(raw, pos, n_inputs)
    end = pos + 4
    raw[end - 1]  # a truncated lock time must raise
    if n_inputs == 0 or n_outputs == 0:
        raise Malformed("a transaction without inputs or outputs")
    return Layout(end, body_end, n_inputs, first_input, n_outputs, first_output, heaviest)
