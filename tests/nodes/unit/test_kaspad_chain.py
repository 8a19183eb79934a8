"""The simulated block DAG: growing, merging, undoing, and what is saved of it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sandbox.kaspad import hashing, store, wallet
from sandbox.kaspad.chain import Chain, Invalid, genesis
from sandbox.kaspad.model import Block, Coin, Outpoint, Output, Transaction
from sandbox.kaspad.params import (
    COINBASE_MATURITY,
    GENESIS_TIME_MS,
    KEPT_BLOCKS,
    PREMINE_EACH,
    PREMINE_OUTPUTS,
    SUBSIDY,
)

MINER, OTHER, THIRD = (wallet.own_script("test", name) for name in ("miner", "other", "third"))
KAS = 100_000_000


def new_chain() -> Chain:
    return Chain(*genesis("test", (Output(1000 * KAS, MINER),) * 3, 1_600_000_000_000))


def grown(chain: Chain, blocks: int, miner: str = OTHER, chosen: list[Transaction] | None = None) -> Block:
    for number in range(blocks):
        block = chain.template(miner, chosen or [] if number == 0 else [], 0)
        chain.connect(block)
    return chain.sink


def payment(chain: Chain, amount: int, to: str = OTHER) -> Transaction:
    target = Output(amount, to)
    return wallet.payment(chain.coins, MINER, target, score=chain.block_count, reserved=lambda _: False)


def coins(chain: Chain) -> dict[Outpoint, Coin]:
    return dict(chain.coins)


def test_scores_count_blocks_as_the_recorded_chain_does() -> None:
    chain = new_chain()
    sink = grown(chain, 3)
    assert (sink.header.blue_score, sink.header.daa_score, chain.block_count) == (3, 2, 3)


def test_a_coinbase_pays_the_miner_of_the_block_before_with_its_fees() -> None:
    chain = new_chain()
    paid = payment(chain, 10 * KAS)
    fee = 1000 * KAS - sum(output.amount for output in paid.outputs)
    grown(chain, 1, THIRD, [paid])
    grown(chain, 1)
    (reward,) = chain.coins.of_script(THIRD).values()
    assert reward == Coin(SUBSIDY + fee, THIRD, 2, True)


def test_the_supply_grows_by_what_is_mined_alone() -> None:
    chain = new_chain()
    grown(chain, 1, THIRD, [payment(chain, 10 * KAS)])
    grown(chain, 5)
    assert chain.coins.supply == 3000 * KAS + 5 * SUBSIDY
    assert chain.coins.supply == sum(coin.amount for _, coin in chain.coins)


def test_parallel_blocks_are_merged_and_both_miners_paid() -> None:
    chain = new_chain()
    grown(chain, 1)
    twins = [chain.template(script, [], 0) for script in (OTHER, THIRD)]
    first, second = (chain.connect(block).added_chain for block in twins)
    assert first == ((twins[0].hash, _accepted(chain, twins[0])),)
    assert second == (), "it moves the virtual block, not the chain"
    merging = chain.template(MINER, [], 0)
    assert merging.header.parents == (twins[0].hash, twins[1].hash)
    assert [output.script for output in merging.transactions[0].outputs] == [OTHER, THIRD]
    chain.connect(merging)
    assert chain.block_count == 4
    assert chain.sink == merging


def _accepted(chain: Chain, block: Block) -> tuple[str, ...]:
    return chain.on_chain()[block.hash]


def test_of_two_parallel_spends_only_the_first_takes_effect() -> None:
    chain = new_chain()
    one, two = payment(chain, 10 * KAS), payment(chain, 20 * KAS, THIRD)
    assert one.inputs == two.inputs
    twins = [chain.template(OTHER, [chosen], 0) for chosen in (one, two)]
    for block in twins:
        chain.connect(block)
    assert chain.coins.get(Outpoint(one.id, 0)) is not None
    assert chain.coins.get(Outpoint(two.id, 0)) is None
    merging = grown(chain, 1)
    assert one.id in _accepted(chain, merging)
    assert two.id not in _accepted(chain, merging)


@pytest.mark.parametrize(
    "field", ["daa_score", "blue_score", "accepted_root", "utxo_commitment", "merkle_root", "parents"]
)
def test_a_block_whose_header_does_not_follow_is_invalid(field: str) -> None:
    chain = new_chain()
    block = chain.template(OTHER, [], 0)
    wrong: Any = {"daa_score": 7, "blue_score": 7, "parents": ("ab" * 32,)}.get(field, "ab" * 32)
    with pytest.raises(Invalid):
        chain.connect(Block(block.hash, replace(block.header, **{field: wrong}), block.transactions))
    assert chain.block_count == 0


def test_a_block_that_pays_its_miner_more_is_invalid() -> None:
    chain = new_chain()
    grown(chain, 1)
    block = chain.template(OTHER, [], 0)
    first = block.transactions[0]
    greedy = hashing.finished(replace(first, outputs=(Output(SUBSIDY + 1, OTHER),)), 0)
    header = replace(block.header, merkle_root=hashing.merkle_root([greedy.hash]))
    with pytest.raises(Invalid, match="does not pay the expected rewards"):
        chain.connect(Block(hashing.header_hash(header), header, (greedy,)))


def test_a_block_with_a_double_spend_or_unripe_coin_is_invalid() -> None:
    chain = new_chain()
    paid = payment(chain, 10 * KAS)
    with pytest.raises(Invalid, match="spends a missing or immature output"):
        grown(chain, 1, OTHER, [paid, payment(chain, 20 * KAS)])
    grown(chain, 2, OTHER)
    young = wallet.double_spend(list(chain.coins.of_script(OTHER).items()), MINER)
    with pytest.raises(Invalid, match="spends a missing or immature output"):
        grown(chain, 1, OTHER, [young])
    grown(chain, COINBASE_MATURITY)
    chain.connect(chain.template(OTHER, [young], 0))


def test_rewinding_gives_back_exactly_what_was() -> None:
    chain = new_chain()
    grown(chain, 3)
    before, commitment = coins(chain), chain.commitment
    grown(chain, 1, THIRD, [payment(chain, 10 * KAS)])
    twins = [chain.template(script, [], 0) for script in (OTHER, THIRD)]
    for block in twins:
        chain.connect(block)
    grown(chain, 2)
    undone = chain.rewind(4)
    assert [step.on_chain for step in undone] == [True, True, False, True, True]
    assert (coins(chain), chain.commitment, chain.block_count) == (before, commitment, 3)
    with pytest.raises(Invalid, match="shorter than that"):
        chain.rewind(4)


def test_old_blocks_are_forgotten_and_their_coins_are_not() -> None:
    chain = new_chain()
    first = grown(chain, 1, THIRD)
    grown(chain, KEPT_BLOCKS + 5)
    assert len(chain.steps) == len(chain.blocks) == KEPT_BLOCKS
    assert first.hash not in chain.blocks
    assert len(chain.coins.of_script(THIRD)) == 1


def test_a_saved_chain_goes_on_where_it_was(tmp_path: Path) -> None:
    chain, file = new_chain(), tmp_path / "state.json"
    grown(chain, 3, THIRD, [payment(chain, 10 * KAS)])
    store.saving(file, chain)()
    again = new_chain()
    store.load(file, again)
    assert coins(again) == coins(chain)
    assert list(again.steps) == list(chain.steps)
    assert again.template(OTHER, [], 0) == chain.template(OTHER, [], 0)
    again.rewind(3)
    assert coins(again) == coins(new_chain())


def test_a_chain_of_another_seed_is_not_taken_over(tmp_path: Path) -> None:
    chain, file = new_chain(), tmp_path / "state.json"
    grown(chain, 3)
    store.saving(file, chain)()
    other = Chain(*genesis("other", (Output(KAS, MINER),), 1_600_000_000_000))
    store.load(file, other)
    assert other.block_count == 0


def test_the_genesis_block_of_a_seed_never_changes() -> None:
    """A stored chain belongs to its genesis: with another one, every balance of a sandbox would be lost.

    The hash is what commit 21ca694 printed for this seed: `Node(flags, "nodeyard").chain.genesis`.
    """
    premine = (Output(PREMINE_EACH, wallet.own_script("nodeyard", "miner")),) * PREMINE_OUTPUTS
    block, _coins = genesis("nodeyard", premine, GENESIS_TIME_MS)
    assert block.hash == "5fa92a69374ea49b67b0b4b2ad9044570cd006f5f3336bfa0746a9cd362276ec"
