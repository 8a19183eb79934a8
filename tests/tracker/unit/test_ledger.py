"""Unspent outputs: what counts is the last word about an outpoint."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tracker.ledger import Change, Outpoint, Utxo, apply, fold, parse_change, parse_entry

ADDRESS = "kaspasim:qp8n2k7uklxq4aegau7vawtptkgxsja4kt99lpv6krctwpq8tpc656wlktmzx"
# As recorded from kaspad 2.0.1 on simnet: a coinbase output, put in by another block after a reorganisation.
RECORDED = {
    "address": ADDRESS,
    "outpoint": {"index": 0, "transactionId": "fb37a3be0afd5c38fe51c943d45791aa9e60acd0e90026b09a88b35633f499a5"},
    "utxoEntry": {
        "amount": 5000000000,
        "blockDaaScore": 1212,
        "covenantId": None,
        "isCoinbase": True,
        "scriptPublicKey": "0000204f355bdcb7cc0af728ef3cceb9615d90684bb5b2ca5f859ab0f0b704075871aaac",
    },
}


def at_daa(score: int) -> dict[str, object]:
    return {**RECORDED, "utxoEntry": {**RECORDED["utxoEntry"], "blockDaaScore": score}}  # type: ignore[dict-item]


def utxo(number: int, amount: int = 1, daa: int = 1, address: str = "a") -> Utxo:
    return Utxo(Outpoint(number.to_bytes(32, "big"), 0), address, amount, daa, False)


def put(*utxos: Utxo) -> Change:
    return Change({}, {each.outpoint: each for each in utxos})


def take(*utxos: Utxo) -> Change:
    return Change({each.outpoint: each.address for each in utxos}, {})


def test_an_entry_is_read_as_the_node_sends_it() -> None:
    entry = parse_entry(RECORDED)
    assert entry.outpoint.transaction_id.hex() == RECORDED["outpoint"]["transactionId"]  # type: ignore[index]
    assert (entry.address, entry.amount, entry.block_daa_score, entry.is_coinbase) == (ADDRESS, 5000000000, 1212, True)


def test_an_amount_beyond_two_to_the_53_stays_exact() -> None:
    entry = {**RECORDED, "utxoEntry": {**RECORDED["utxoEntry"], "amount": 2**53 + 1}}  # type: ignore[dict-item]
    assert parse_entry(entry).amount == 9007199254740993


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("utxoEntry", "amount"), 1.5),
        (("utxoEntry", "amount"), "5"),
        (("utxoEntry", "amount"), -1),
        (("utxoEntry", "amount"), True),
        (("utxoEntry", "isCoinbase"), 1),
        (("outpoint", "index"), None),
        (("outpoint", "transactionId"), "fb37"),
        (("outpoint", "transactionId"), "not hex"),
        (("address",), None),
        (("utxoEntry",), None),
    ],
)
def test_an_entry_of_another_shape_is_a_fault_and_never_a_zero(path: tuple[str, ...], value: object) -> None:
    entry: dict[str, object] = {**RECORDED}
    if len(path) == 2:
        entry[path[0]] = {**RECORDED[path[0]], path[1]: value}  # type: ignore[dict-item]
    else:
        entry[path[0]] = value
    with pytest.raises(ValueError):
        parse_entry(entry)


@pytest.mark.parametrize("payload", [{}, {"added": []}, {"removed": []}, {"added": None, "removed": []}])
def test_a_notification_without_its_lists_is_a_fault(payload: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="two lists"):
        parse_change(payload)


def test_an_output_named_in_both_lists_was_taken_out_and_put_in_again() -> None:
    change = parse_change({"removed": [at_daa(1212)], "added": [at_daa(1213)]})
    outpoint = parse_entry(RECORDED).outpoint
    assert change.removed == {}
    assert change.added[outpoint].block_daa_score == 1213


def test_only_the_followed_part_of_a_change_is_kept() -> None:
    mine, other = utxo(1, address="mine"), utxo(2, address="other")
    change = Change({mine.outpoint: "mine", utxo(3).outpoint: "other"}, {other.outpoint: other})
    assert change.addresses == {"mine", "other"}
    assert change.only(["mine"]) == take(mine)


def test_an_output_that_came_and_went_is_gone() -> None:
    assert fold([put(utxo(1)), take(utxo(1))]) == take(utxo(1))


def test_an_output_that_went_and_came_back_is_there() -> None:
    assert fold([take(utxo(1)), put(utxo(1, daa=9))]) == put(utxo(1, daa=9))


changes = st.lists(
    st.builds(
        lambda gone, come: Change(
            {utxo(number).outpoint: "a" for number in gone - {number for number, _ in come}},
            {utxo(number).outpoint: utxo(number, amount) for number, amount in come},
        ),
        st.frozensets(st.integers(0, 5)),
        st.lists(st.tuples(st.integers(0, 5), st.integers(0, 9)), unique_by=lambda pair: pair[0]),
    )
)


@given(changes)
def test_a_fold_does_the_same_as_its_changes_one_by_one(told: list[Change]) -> None:
    one_by_one: dict[Outpoint, Utxo] = {}
    for change in told:
        one_by_one = apply(one_by_one, change)
    assert apply({}, fold(told)) == one_by_one


@given(changes, st.integers(0, 10))
def test_a_snapshot_taken_at_any_point_ends_the_same_when_all_is_told_over_it(told: list[Change], seen: int) -> None:
    snapshot = apply({}, fold(told[:seen]))
    assert apply(snapshot, fold(told)) == apply({}, fold(told))
