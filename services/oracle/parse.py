"""The filter for transactions that look like payments between people, and their amounts.

The rules are published properties of such payments: at most five inputs, exactly two outputs (payment and change), no
coinbase, no data output, no input with more than 500 bytes of witness, no parent in the window (coins that move again
within hours usually belong to a service). Each of the two outputs counts if it is strictly between `LOWEST` and
`HIGHEST`.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Container, Iterator, Set
from dataclasses import dataclass
from enum import IntEnum
from hashlib import sha256
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from oracle.shapes import COMMON, common_transactions
from oracle.wire import NULL_PARENT, OP_RETURN, Layout, Malformed, compact_size, walk

MAX_INPUTS = 5
MAX_WITNESS = 500  # bytes of all items of one input
LOWEST, HIGHEST = 1_000, 10**13  # sats
HEADER = 80  # bytes of a block header
STRETCH = 32_768  # bytes of a block that one pass reads

Amounts = NDArray[np.int64]  # sats, one dimension


class Verdict(IntEnum):
    """The filter's verdict on a transaction."""

    KEPT = 0
    MANY_INPUTS = 1
    NOT_TWO_OUTPUTS = 2
    COINBASE = 3
    DATA_OUTPUT = 4
    HEAVY_WITNESS = 5
    PARENT_IN_WINDOW = 6
    MALFORMED = 7

    __hash__ = int.__hash__  # Enum's own hash is written in Python, and thousands of verdicts are counted


MANY_INPUTS, NOT_TWO_OUTPUTS, DATA_OUTPUT = Verdict.MANY_INPUTS, Verdict.NOT_TWO_OUTPUTS, Verdict.DATA_OUTPUT


class Scanned(NamedTuple):
    """One transaction as the filter sees it; offsets are relative to the start of its buffer."""

    body_end: int  # end of the outputs; the witness, if any, and four bytes of lock time follow
    end: int
    verdict: Verdict
    outputs: tuple[bytes, ...] | None  # the two values, eight bytes little-endian each, of a kept transaction


def scan_transaction(raw: bytes, start: int = 0) -> Scanned:
    """Read the transaction at `start` and apply every rule that depends only on its own bytes.

    Raises Malformed if the bytes are not a transaction. Does not decode values: `amounts` decodes many at once.
    """
    shape = COMMON.match(raw, start)
    if shape is not None:
        paid, change, data, many, ending, rest = shape.group("paid", "change", "data", "many", "ending", "rest")
        end = shape.end()
        body_end = end - (len(ending) if ending else 4)
        if paid:
            return Scanned(body_end, end, Verdict.KEPT, (paid, change))
        if not rest:
            return Scanned(body_end, end, MANY_INPUTS if many else DATA_OUTPUT if data else NOT_TWO_OUTPUTS, None)
    try:
        tx = walk(raw, start)
        return Scanned(tx.body_end, tx.end, *_judge(raw, tx))
    except IndexError:
        raise Malformed("the bytes end inside a transaction") from None


def _judge(raw: bytes, tx: Layout) -> tuple[Verdict, tuple[bytes, ...] | None]:
    """`verdict` and `outputs` of `Scanned`."""
    if tx.n_inputs == 1 and raw[tx.first_input : tx.first_input + 36] == NULL_PARENT:
        return Verdict.COINBASE, None
    if tx.n_inputs > MAX_INPUTS:
        return Verdict.MANY_INPUTS, None
    if tx.n_outputs != 2:
        return Verdict.NOT_TWO_OUTPUTS, None
    if tx.heaviest_witness > MAX_WITNESS:
        return Verdict.HEAVY_WITNESS, None
    first = tx.first_output
    length, script = compact_size(raw, first + 8)
    second = script + length
    length_2, script_2 = compact_size(raw, second + 8)
    if (length and raw[script] == OP_RETURN) or (length_2 and raw[script_2] == OP_RETURN):
        return Verdict.DATA_OUTPUT, None
    return Verdict.KEPT, (raw[first : first + 8], raw[second : second + 8])


def amounts(outputs: list[bytes]) -> Amounts:
    """Decode values from `Scanned.outputs` and keep those strictly between `LOWEST` and `HIGHEST`, in sats."""
    sats = np.frombuffer(b"".join(outputs), dtype="<u8")
    return sats[(sats > LOWEST) & (sats < HIGHEST)].astype(np.int64)


def transaction_id(raw: bytes, start: int, body_end: int, end: int) -> bytes:
    """Double SHA-256 of a transaction without its witness, in wire order (explorers show it reversed)."""
    body = raw[start:end]
    if not body[4]:  # the SegWit marker is in the place of the number of inputs
        body = body[:4] + raw[start + 6 : body_end] + body[-4:]
    return sha256(sha256(body).digest()).digest()


def spends(raw: bytes, start: int, ids: Container[bytes], known: Container[bytes]) -> bool:
    """Whether the transaction at `start`, already scanned and with few inputs, has a parent in `ids` or `known`."""
    pos = start + 5 if raw[start + 4] else start + 7
    for _ in range(raw[pos - 1]):
        parent = raw[pos : pos + 32]
        if parent in ids or parent in known:
            return True
        length = raw[pos + 36]
        if length < 0xFD:
            pos += 41 + length
        else:
            length, script = compact_size(raw, pos + 36)
            pos = script + length + 4
    return False


_Run = list[tuple[bytes, ...]]


@dataclass(frozen=True)
class Filtered:
    """The result of filtering: amounts in sats, transactions by verdict, and ids in wire order."""

    amounts: Amounts
    verdicts: Counter[Verdict]
    ids: set[bytes]


def filter_block(raw: bytes, known: Set[bytes] | None = frozenset()) -> Filtered:
    """Filter a whole block. `known` contains the ids of the window before it; None disables the rule on parents.

    Never raises: bytes that cannot be parsed count as one malformed transaction.
    """
    outputs: list[bytes] = []
    rejected: list[Verdict] = []
    ids: set[bytes] = set()
    try:
        if known is None:
            _filter_payments(raw, outputs, rejected)
        else:
            _filter_with_parents(raw, known, outputs, rejected, ids)
    except (Malformed, IndexError):
        rejected.append(Verdict.MALFORMED)
    return Filtered(amounts(outputs), Counter({Verdict.KEPT: len(outputs) // 2}) + Counter(rejected), ids)


def _filter_payments(raw: bytes, outputs: list[bytes], rejected: list[Verdict]) -> None:
    keep, reject = outputs.append, rejected.append
    for run, _, uncommon in _runs(common_transactions(with_parts=False), raw):
        for _, _, _, _, _, paid, change, data, many, _ in run:
            if paid:
                keep(paid)
                keep(change)
            else:
                reject(MANY_INPUTS if many else DATA_OUTPUT if data else NOT_TWO_OUTPUTS)
        if uncommon is None:
            continue
        verdict, pair = _judge(raw, uncommon)
        if pair is None:
            reject(verdict)
        else:
            outputs += pair


def _filter_with_parents(
    raw: bytes, known: Set[bytes], outputs: list[bytes], rejected: list[Verdict], ids: set[bytes]
) -> None:
    keep, reject, note, hashed = outputs.append, rejected.append, ids.add, sha256
    for run, start, uncommon in _runs(COMMON, raw):
        for whole, _, _, _, _, _, first, second, third, fourth, fifth, paid, change, data, many, ending, _ in run:
            if not paid:
                reject(MANY_INPUTS if many else DATA_OUTPUT if data else NOT_TWO_OUTPUTS)
            elif (
                first in ids
                or first in known
                or (second and (second in ids or second in known))
                or (third and _any_of((third, fourth, fifth), ids, known))
            ):
                reject(Verdict.PARENT_IN_WINDOW)
            else:
                keep(paid)
                keep(change)
            stripped = whole[:4] + whole[6 : -len(ending)] + whole[-4:] if ending else whole
            note(hashed(hashed(stripped).digest()).digest())
        if uncommon is None:
            continue
        verdict, pair = _judge(raw, uncommon)
        if pair is None:
            reject(verdict)
        elif spends(raw, start, ids, known):
            reject(Verdict.PARENT_IN_WINDOW)
        else:
            outputs += pair
        note(transaction_id(raw, start, uncommon.body_end, uncommon.end))


def _any_of(parents: tuple[bytes, ...], ids: Set[bytes], known: Set[bytes]) -> bool:
    return not (ids.isdisjoint(parents) and known.isdisjoint(parents))


def _runs(common: re.Pattern[bytes], raw: bytes) -> Iterator[tuple[_Run, int, Layout | None]]:
    """The transactions of a block in order. Each item is a run of common ones (as groups of `common`) or one uncommon
    transaction, with the offset where it starts.

    `findall` matches many transactions in C. A match object and a call for each would take longer than the match.
    """
    count, end = compact_size(raw, HEADER)
    while count:
        stop = min(end + STRETCH, len(raw))
        run: _Run = common.findall(raw, end, stop)
        rest = len(run.pop()[-1]) if run and run[-1][-1] else 0
        yield run[:count], end, None
        if len(run) > count:
            raise Malformed("bytes behind the block")
        count -= len(run)
        end = stop - rest
        if count and (rest or not run):  # truncated at the end of the stretch, or not common
            layout = walk(raw, end)
            yield [], end, layout
            end = layout.end
            count -= 1
    if end != len(raw):
        raise Malformed("bytes behind the block")
