"""The filter's rules, one by one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from hashlib import sha256

import numpy as np
import pytest
from oracle.parse import STRETCH, Verdict, amounts, filter_block, scan_transaction, spends, transaction_id

Make = Callable[..., bytes]

BlockOf = Callable[[Sequence[bytes]], bytes]

NULL = bytes(32)


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


def test_amounts_of_nothing_are_an_empty_array() -> None:
    assert amounts([]).dtype == np.int64
