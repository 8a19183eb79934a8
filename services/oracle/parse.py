"""Which transactions look like a person paying a person, and what they paid.

The rules are published facts about such payments: at most five inputs, exactly two outputs (the payment and the
change), no coinbase, no data output, no input with more than 500 bytes of witness, no parent inside the window (money
that moves on within hours is a service at work). Each of the two outputs then counts if it lies strictly between
`LOWEST` and `HIGHEST`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Container
from dataclasses import dataclass
from enum import IntEnum
from hashlib import sha256
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from oracle.wire import COMMON, NULL_PARENT, OP_RETURN, Malformed, compact_size, walk

MAX_INPUTS = 5
MAX_WITNESS = 500  # bytes of all items of one input
LOWEST, HIGHEST = 1_000, 10**13  # sats
HEADER = 80  # bytes of a block header

Amounts = NDArray[np.int64]  # sats, one dimension


class Verdict(IntEnum):
    """What the filter says of a transaction."""

    KEPT = 0
    MANY_INPUTS = 1
    NOT_TWO_OUTPUTS = 2
    COINBASE = 3
    DATA_OUTPUT = 4
    HEAVY_WITNESS = 5
    PARENT_IN_WINDOW = 6
    MALFORMED = 7


class Scanned(NamedTuple):
    """One transaction as the filter sees it; offsets count from the start of the buffer it was read from."""

    body_end: int  # end of the outputs; the witness, if any, and four bytes of lock time follow
    end: int
    verdict: Verdict
    outputs: tuple[bytes, ...] | None  # the two values, eight bytes little-endian each, of a kept transaction


def scan_transaction(raw: bytes, start: int = 0) -> Scanned:
    """Read the transaction at `start` and judge it by every rule that its own bytes decide.

    Raises Malformed when the bytes are no transaction. Values are left undecoded: `amounts` decodes many at once.
    """
    shape = COMMON.match(raw, start)
    if shape is not None:
        first, second, data = shape.group(7, 8, 9)
        if first is not None:
            return Scanned(shape.end(10), shape.end(), Verdict.KEPT, (first, second))
        verdict = Verdict.NOT_TWO_OUTPUTS if data is None else Verdict.DATA_OUTPUT
        return Scanned(shape.end(10), shape.end(), verdict, None)
    try:
        return _scan_uncommon(raw, start)
    except IndexError:
        raise Malformed("the bytes end inside a transaction") from None


def _scan_uncommon(raw: bytes, start: int) -> Scanned:
    tx = walk(raw, start)
    outputs: tuple[bytes, ...] | None = None
    if tx.n_inputs == 1 and raw[tx.first_input : tx.first_input + 36] == NULL_PARENT:
        verdict = Verdict.COINBASE
    elif tx.n_inputs > MAX_INPUTS:
        verdict = Verdict.MANY_INPUTS
    elif tx.n_outputs != 2:
        verdict = Verdict.NOT_TWO_OUTPUTS
    elif tx.heaviest_witness > MAX_WITNESS:
        verdict = Verdict.HEAVY_WITNESS
    else:
        first = tx.first_output
        length, script = compact_size(raw, first + 8)
        second = script + length
        length_2, script_2 = compact_size(raw, second + 8)
        if (length and raw[script] == OP_RETURN) or (length_2 and raw[script_2] == OP_RETURN):
            verdict = Verdict.DATA_OUTPUT
        else:
            verdict = Verdict.KEPT
            outputs = (raw[first : first + 8], raw[second : second + 8])
    return Scanned(tx.body_end, tx.end, verdict, outputs)


def amounts(outputs: list[bytes]) -> Amounts:
    """Decode values that `Scanned.outputs` carried and keep those strictly between `LOWEST` and `HIGHEST`, in sats."""
    sats = np.frombuffer(b"".join(outputs), dtype="<u8")
    return sats[(sats > LOWEST) & (sats < HIGHEST)].astype(np.int64)


def transaction_id(raw: bytes, start: int, body_end: int, end: int) -> bytes:
    """Double SHA-256 of a transaction without its witness, in wire order (explorers show it reversed)."""
    body = raw[start:end]
    if not body[4]:  # the SegWit marker stands where the count of inputs would
        body = body[:4] + raw[start + 6 : body_end] + body[-4:]
    return sha256(sha256(body).digest()).digest()


def spends(raw: bytes, start: int, ids: Container[bytes], known: Container[bytes]) -> bool:
    """Whether the transaction at `start`, one of few inputs that was read before, has a parent in `ids` or `known`."""
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


@dataclass(frozen=True)
class Filtered:
    """What is left of many transactions: amounts in sats, how many had each verdict, and the ids in wire order."""

    amounts: Amounts
    verdicts: Counter[Verdict]
    ids: set[bytes]


def filter_block(raw: bytes, known: Container[bytes] | None = frozenset()) -> Filtered:
    """Filter a whole block; `known` holds the ids of the window before it, None leaves the rule on parents out.

    Never raises: where the bytes stop being transactions the rest counts as one malformed transaction.
    """
    outputs: list[bytes] = []
    ids: set[bytes] = set()
    verdicts: list[Verdict] = []
    try:
        _filter_block(raw, known, outputs, verdicts, ids)
    except (Malformed, IndexError):
        verdicts.append(Verdict.MALFORMED)
    counts = Counter({Verdict.KEPT: len(outputs) // 2}) + Counter(verdicts)
    return Filtered(amounts(outputs), counts, ids)


def _filter_block(
    raw: bytes, known: Container[bytes] | None, outputs: list[bytes], rejected: list[Verdict], ids: set[bytes]
) -> None:
    """The loop of `filter_block`, with `scan_transaction` unrolled: a call and an object each would double its time."""
    not_two, data_output = Verdict.NOT_TWO_OUTPUTS, Verdict.DATA_OUTPUT
    pair: tuple[bytes, ...] | None
    common = COMMON.match
    count, end = compact_size(raw, HEADER)
    for _ in range(count):
        start = end
        shape = common(raw, start)
        if shape is None:
            body_end, end, verdict, pair = _scan_uncommon(raw, start)
            if pair is None:
                rejected.append(verdict)
        else:
            end = shape.end()
            pair = shape.group(7, 8)
            if pair[0] is None:
                rejected.append(not_two if shape[9] is None else data_output)
                pair = None
        if known is None:
            if pair is not None:
                outputs += pair
            continue
        if pair is not None:
            if spends(raw, start, ids, known):
                rejected.append(Verdict.PARENT_IN_WINDOW)
            else:
                outputs += pair
        ids.add(transaction_id(raw, start, shape.end(10) if shape is not None else body_end, end))
    if end != len(raw):
        raise Malformed("bytes behind the block")
