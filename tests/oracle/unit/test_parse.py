"""The filter's rules, one by one, and against a full parser on real blocks."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress
from hashlib import sha256
from io import BytesIO

import numpy as np
import pytest
from embit import compact
from embit.transaction import Transaction as FullTransaction
from hypothesis import given, settings
from hypothesis import strategies as st
from oracle.parse import STRETCH, Verdict, amounts, filter_block, scan_transaction, spends, transaction_id
from oracle.shapes import COMMON, common_transactions
from oracle.wire import MAX_SIZE, Layout, Malformed, compact_size, walk

Make = Callable[..., bytes]
Block = Callable[[int], bytes]
BlockOf = Callable[[Sequence[bytes]], bytes]
HEIGHTS = (300025, 437303, 722010)
NULL = bytes(32)


def full_parse(raw: bytes) -> list[FullTransaction]:
    stream = BytesIO(raw)
    stream.seek(80)
    return [FullTransaction.read_from(stream) for _ in range(compact.read_from(stream))]


def full_verdict(tx: FullTransaction, seen: set[bytes]) -> Verdict:
    """The rules, written down once more over a full parse."""
    if len(tx.vin) == 1 and tx.vin[0].txid == NULL and tx.vin[0].vout == 0xFFFFFFFF:
        return Verdict.COINBASE
    if len(tx.vin) > 5:
        return Verdict.MANY_INPUTS
    if len(tx.vout) != 2:
        return Verdict.NOT_TWO_OUTPUTS
    if any(sum(len(item) for item in (i.witness.items if i.witness else ())) > 500 for i in tx.vin):
        return Verdict.HEAVY_WITNESS
    if any(out.script_pubkey.data[:1] == b"\x6a" for out in tx.vout):
        return Verdict.DATA_OUTPUT
    if any(i.txid in seen for i in tx.vin):
        return Verdict.PARENT_IN_WINDOW
    return Verdict.KEPT


@pytest.mark.promise("Real blocks, legacy and SegWit, are filtered as a full parser would", runs="ci")
@pytest.mark.parametrize("height", HEIGHTS)
def test_a_real_block_is_filtered_as_a_full_parser_would(block: Block, height: int) -> None:
    seen: set[bytes] = set()
    verdicts: Counter[Verdict] = Counter()
    paid = []
    for tx in full_parse(block(height)):
        verdict = full_verdict(tx, seen)
        verdicts[verdict] += 1
        if verdict is Verdict.KEPT:
            paid += [out.value for out in tx.vout if 1_000 < out.value < 10**13]
        seen.add(tx.txid())
    found = filter_block(block(height))
    assert found.verdicts == verdicts
    assert found.amounts.tolist() == paid
    assert {i[::-1] for i in found.ids} == seen


@pytest.mark.parametrize("height", HEIGHTS)
def test_without_the_rule_on_parents_the_same_is_kept_as_if_there_were_none(block: Block, height: int) -> None:
    verdicts = Counter(full_verdict(tx, set()) for tx in full_parse(block(height)))
    found = filter_block(block(height), known=None)
    assert found.verdicts == verdicts
    assert found.ids == set()


def parents_of(raw: bytes, layout: Layout) -> list[bytes]:
    parents, pos = [], layout.first_input
    for _ in range(layout.n_inputs):
        parents.append(raw[pos : pos + 32])
        length, script = compact_size(raw, pos + 36)
        pos = script + length + 4
    return parents


def agree(raw: bytes, pos: int, layout: Layout) -> bool:
    """Whether the transaction at `pos` is a common one; then both expressions must say what `walk` says."""
    shape, payments = COMMON.match(raw, pos), common_transactions(with_parts=False).match(raw, pos)
    assert shape is not None
    assert payments is not None
    told = ("paid", "change", "data", "many", "rest")
    assert shape.group(*told) == payments.group(*told)
    if shape["rest"] is not None:
        return False
    assert shape.end() == payments.end() == layout.end
    assert shape["whole"] == raw[pos : layout.end]
    assert (shape["ending"] is not None) == (raw[pos + 4] == 0)
    assert layout.end - len(shape["ending"] or bytes(4)) == layout.body_end
    assert (shape["many"] is not None) == (layout.n_inputs > 5)
    five = ("first", "second", "third", "fourth", "fifth")
    assert [p for p in shape.group(*five) if p] == (parents_of(raw, layout) if layout.n_inputs <= 5 else [])
    return True


@pytest.mark.parametrize("height", HEIGHTS)
def test_both_readers_agree_on_every_common_transaction(block: Block, height: int) -> None:
    raw = block(height)
    count, pos = compact_size(raw, 80)
    common = 0
    for _ in range(count):
        layout = walk(raw, pos)
        common += agree(raw, pos, layout)
        pos = layout.end
    assert common > 0.9 * count


@pytest.mark.parametrize("witness", [None, (b"s" * 71, b"k" * 33), (b"", b"s" * 71, b"s" * 72, b"r" * 105)])
@pytest.mark.parametrize("outputs", [1, 2, 3, 4, 5, 9, 32, 33])
@pytest.mark.parametrize("inputs", [1, 2, 3, 4, 5, 6, 7, 16, 32, 33])
def test_both_readers_agree_on_any_number_of_inputs_and_outputs(
    transaction: Make, inputs: int, outputs: int, witness: tuple[bytes, ...] | None
) -> None:
    parents = [bytes([n + 1]) * 32 for n in range(inputs)]
    raw = transaction(parents=parents, values=[70_000] * outputs, witness=witness, script_sig=b"s" * 107)
    common = agree(raw, 0, walk(raw, 0))
    assert common == (outputs <= 32 and inputs <= (32 if witness is None else 5))


def test_a_payment_with_change_is_kept(transaction: Make) -> None:
    raw = transaction(values=(150_000, 4_000_000))
    scanned = scan_transaction(raw)
    assert (scanned.verdict, scanned.end) == (Verdict.KEPT, len(raw))
    assert amounts(list(scanned.outputs or ())).tolist() == [150_000, 4_000_000]


def test_a_legacy_payment_is_kept(transaction: Make) -> None:
    assert scan_transaction(transaction(witness=None, script_sig=b"s" * 107)).verdict is Verdict.KEPT


@pytest.mark.promise("Each rule of the filter has an effect", runs="ci")
@pytest.mark.parametrize("script_sig", [b"", b"x" * 107, b"x" * 29, b"x" * 300, b"x" * 70_000])
@pytest.mark.parametrize(
    ("changed", "verdict"),
    [
        ({}, Verdict.KEPT),
        ({"parents": [bytes([n]) * 32 for n in range(1, 6)]}, Verdict.KEPT),
        ({"parents": [bytes([n]) * 32 for n in range(1, 7)]}, Verdict.MANY_INPUTS),
        ({"parents": [b"\x01" * 32] * 300}, Verdict.MANY_INPUTS),
        ({"values": [50_000]}, Verdict.NOT_TWO_OUTPUTS),
        ({"values": [50_000] * 3}, Verdict.NOT_TWO_OUTPUTS),
        ({"values": [50_000] * 300}, Verdict.NOT_TWO_OUTPUTS),
        ({"scripts": [b"\x6a\x04data", b"\x00\x14" + bytes(20)]}, Verdict.DATA_OUTPUT),
        ({"scripts": [b"\x00\x14" + bytes(20), b"\x6a" + bytes(82)]}, Verdict.DATA_OUTPUT),
        ({"scripts": [b"", b"\x51"]}, Verdict.KEPT),
        ({"witness": [b"x" * 250, b"x" * 250]}, Verdict.KEPT),
        ({"witness": [b"x" * 250, b"x" * 251]}, Verdict.HEAVY_WITNESS),
        ({"witness": [b"x" * 501]}, Verdict.HEAVY_WITNESS),
        ({"witness": [b"x"] * 501}, Verdict.HEAVY_WITNESS),
        ({"parents": [NULL], "index": 0xFFFFFFFF}, Verdict.COINBASE),
    ],
)
def test_each_rule_decides(transaction: Make, changed: dict[str, object], verdict: Verdict, script_sig: bytes) -> None:
    raw = transaction(**changed, script_sig=script_sig)
    scanned = scan_transaction(raw)
    assert (scanned.verdict, scanned.end) == (verdict, len(raw))
    assert (scanned.outputs is not None) == (verdict is Verdict.KEPT)


def test_an_amount_counts_strictly_between_the_limits() -> None:
    values = [0, 1_000, 1_001, 10**13 - 1, 10**13, 21 * 10**14, 2**64 - 1]
    assert amounts([v.to_bytes(8, "little") for v in values]).tolist() == [1_001, 10**13 - 1]


def test_an_id_is_the_hash_of_the_transaction_without_its_witness(transaction: Make) -> None:
    with_witness, without = transaction(), transaction(witness=None)
    scanned = scan_transaction(with_witness)
    expected = sha256(sha256(without).digest()).digest()
    assert transaction_id(with_witness, 0, scanned.body_end, scanned.end) == expected
    legacy = scan_transaction(without)
    assert transaction_id(without, 0, legacy.body_end, legacy.end) == expected


@pytest.mark.parametrize("script_sig", [b"", b"x" * 107, b"x" * 300])
def test_a_parent_is_recognised_at_any_input(transaction: Make, script_sig: bytes) -> None:
    parents = [bytes([n]) * 32 for n in range(1, 5)]
    raw = transaction(parents=parents, script_sig=script_sig)
    for parent in parents:
        assert spends(raw, 0, {parent}, ())
        assert spends(raw, 0, set(), {parent})
    assert not spends(raw, 0, {b"\x09" * 32}, ())


def test_spending_a_transaction_of_the_same_block_or_of_the_window_is_left_out(
    transaction: Make, block_of: BlockOf
) -> None:
    first = transaction()
    scanned = scan_transaction(first)
    child = transaction(parents=[transaction_id(first, 0, scanned.body_end, scanned.end)])
    assert filter_block(block_of([first, child])).verdicts == {Verdict.KEPT: 1, Verdict.PARENT_IN_WINDOW: 1}
    assert filter_block(block_of([first]), known={b"\x11" * 32}).verdicts == {Verdict.PARENT_IN_WINDOW: 1}
    assert filter_block(block_of([first, child]), known=None).verdicts == {Verdict.KEPT: 2}


@pytest.mark.parametrize("script_sig", [b"", b"s" * 74])
@pytest.mark.parametrize("inputs", range(1, 6))
def test_a_parent_in_the_block_or_the_window_is_seen_at_any_input(
    transaction: Make, block_of: BlockOf, inputs: int, script_sig: bytes
) -> None:
    parent = transaction()
    scanned = scan_transaction(parent)
    txid = transaction_id(parent, 0, scanned.body_end, scanned.end)
    for place in range(inputs):
        parents = [bytes([n + 1]) * 32 for n in range(inputs)]
        parents[place] = txid
        child = transaction(parents=parents, script_sig=script_sig)
        assert filter_block(block_of([parent, child])).verdicts == {Verdict.KEPT: 1, Verdict.PARENT_IN_WINDOW: 1}
        assert filter_block(block_of([child]), known={txid}).verdicts == {Verdict.PARENT_IN_WINDOW: 1}
        assert filter_block(block_of([child, parent])).verdicts == {Verdict.KEPT: 2}, "a parent comes first"


def test_what_lies_across_two_stretches_is_read_like_any_other(transaction: Make, block_of: BlockOf) -> None:
    made = [
        transaction(
            parents=[bytes([n % 250 + 1]) * 32],
            values=[20_000 + n, 70_000 + n],
            script_sig=b"s" * (STRETCH + 7 if n % 100 == 50 else 107 if n % 10 else n % 90),
            witness=None if n % 3 else (b"s" * 71, b"k" * 33),
        )
        for n in range(1500)
    ]
    raw = block_of(made)
    assert len(raw) > 10 * STRETCH
    scanned = [(raw_one, scan_transaction(raw_one)) for raw_one in made]
    for known in (None, frozenset[bytes]()):
        found = filter_block(raw, known)
        assert found.verdicts == {Verdict.KEPT: 1500}
        assert found.amounts.tolist() == [value for n in range(1500) for value in (20_000 + n, 70_000 + n)]
    assert filter_block(raw).ids == {transaction_id(one, 0, s.body_end, s.end) for one, s in scanned}


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


def test_amounts_of_nothing_are_an_empty_array() -> None:
    assert amounts([]).dtype == np.int64
