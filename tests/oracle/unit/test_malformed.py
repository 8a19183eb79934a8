"""Bytes that are not a block or a transaction."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from oracle.parse import STRETCH, Verdict, filter_block, scan_transaction
from oracle.wire import MAX_SIZE, Malformed, compact_size

Make = Callable[..., bytes]

BlockOf = Callable[[Sequence[bytes]], bytes]


@pytest.mark.parametrize("script_sig", [b"", b"s" * 74])
def test_a_count_that_does_not_fit_the_transactions_is_one_malformed(transaction: Make, script_sig: bytes) -> None:
    one = transaction(script_sig=script_sig)
    many = 3 * STRETCH // len(one)
    for count, there, kept in ((0, 3, 0), (1, 3, 1), (2, 3, 2), (4, 3, 3), (1, many, 1), (250, many, 250)):
        for known in (None, frozenset[bytes]()):
            found = filter_block(bytes(80) + bytes([count]) + one * there, known)
            assert found.verdicts == {Verdict.MALFORMED: 1} | ({Verdict.KEPT: kept} if kept else {})


def test_what_is_read_before_the_bytes_break_still_counts(transaction: Make, block_of: BlockOf) -> None:
    whole = block_of([transaction(), transaction(values=[5_000])])
    found = filter_block(whole[:-1])
    assert found.verdicts == {Verdict.KEPT: 1, Verdict.MALFORMED: 1}
    assert found.amounts.tolist() == [150_000, 4_000_000]
    assert filter_block(whole + b"\0").verdicts[Verdict.MALFORMED] == 1


@pytest.mark.parametrize("raw", [b"", b"\0" * 80, b"\0" * 81, b"\0" * 80 + b"\xff" * 9, b"\0" * 80 + b"\xfd\x01\x00"])
def test_no_block_at_all_leaves_nothing(raw: bytes) -> None:
    assert filter_block(raw).amounts.size == 0


@pytest.mark.parametrize(
    "raw",
    [
        b"\xff" * 9,
        b"\xfd\x10\x00",  # 16 in three bytes
        b"\xfe\xff\xff\x00\x00",  # 65535 in five
        b"\xfe" + (MAX_SIZE + 1).to_bytes(4, "little"),
    ],
)
def test_a_count_in_the_wrong_form_is_malformed(raw: bytes) -> None:
    with pytest.raises(Malformed):
        compact_size(raw, 0)


def test_a_transaction_needs_inputs_and_outputs(transaction: Make) -> None:
    for raw in (transaction(values=()), b"\x02\0\0\0\0\0" + bytes(4), transaction(parents=(), witness=())):
        with pytest.raises(Malformed):
            scan_transaction(raw)


@pytest.mark.promise("Random bytes are malformed or read within their bounds", runs="ci")
@settings(deadline=None)
@given(st.binary(max_size=400))
def test_random_bytes_are_malformed_or_read_within_their_bounds(raw: bytes) -> None:
    try:
        scanned = scan_transaction(raw)
    except Malformed:
        return
    assert scanned.end <= len(raw)


@pytest.mark.promise("Damaged transactions never do more than raise Malformed", runs="ci")
@settings(max_examples=300, deadline=None)
@given(st.data())
def test_damaged_transactions_never_do_more_than_raise_malformed(transaction: Make, data: st.DataObject) -> None:
    whole = transaction(
        parents=[b"\x01" * 32] * data.draw(st.integers(1, 8)),
        values=[70_000] * data.draw(st.integers(1, 10)),
        witness=data.draw(st.sampled_from([None, (), (b"s" * 72, b"k" * 33), (b"w" * 300,)])),
    )
    raw = bytearray(whole)
    for _ in range(data.draw(st.integers(0, 4))):
        raw[data.draw(st.integers(0, len(raw) - 1))] = data.draw(st.integers(0, 255))
    cut = bytes(raw[: data.draw(st.integers(0, len(raw)))])
    with suppress(Malformed):
        assert scan_transaction(cut).end <= len(cut)


@pytest.mark.promise("Every truncation of a transaction is malformed", runs="ci")
@settings(deadline=None)
@given(st.integers(1, 8), st.integers(1, 10), st.sampled_from([0, 23, 35, 106, 140, 252, 253, 254, 300]), st.booleans())
def test_every_cut_of_a_transaction_is_malformed(
    transaction: Make, inputs: int, outputs: int, script_sig: int, segwit: bool
) -> None:
    raw = transaction(
        parents=[b"\x01" * 32] * inputs,
        values=[70_000] * outputs,
        script_sig=b"s" * script_sig,
        witness=(b"s" * 71, b"k" * 33) if segwit else None,
    )
    assert scan_transaction(raw).end == len(raw)
    for cut in (1, 4, 5, len(raw) // 2, len(raw) - 5):
        with pytest.raises(Malformed):
            scan_transaction(raw[:-cut])


@pytest.mark.promise("Four hostile megabytes take less than two seconds", runs="ci")
@pytest.mark.parametrize(
    "raw",
    [
        b"\x02\0\0\0" + b"\xfe\xff\xff\xff\x01" + b"\0" * 4_000_000,  # 33 million inputs claimed
        b"\x02\0\0\0\x00\x01\x01"
        + b"\0" * 41
        + b"\x01"
        + b"\0" * 9
        + b"\xfe\xff\xff\xff\x01"
        + b"\0" * 4_000_000,  # items
        b"\x02\0\0\0" + b"\xfd\xff\xff" + b"\xff" * 4_000_000,
        b"\x00" * 4_000_000,
    ],
    ids=["inputs", "witness items", "lengths", "zeros"],
)
def test_four_hostile_megabytes_take_less_than_two_seconds(raw: bytes) -> None:
    start = time.process_time()
    with pytest.raises(Malformed):
        scan_transaction(raw)
    filter_block(bytes(80) + b"\xfd\x00\x10" + raw)
    assert time.process_time() - start < 2
