"""Real blocks are filtered as a full parser would, and both of our readers agree."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from io import BytesIO

import pytest
from embit import compact
from embit.transaction import Transaction as FullTransaction
from oracle.parse import Verdict, filter_block
from oracle.shapes import COMMON, common_transactions
from oracle.wire import Layout, compact_size, walk

Make = Callable[..., bytes]

Block = Callable[[int], bytes]

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
