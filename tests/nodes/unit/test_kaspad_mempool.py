"""What the simulated kaspad's mempool takes, keeps and lets go."""

from __future__ import annotations

from dataclasses import replace

import pytest
from sandbox.kaspad import hashing, wallet
from sandbox.kaspad.coins import Coins
from sandbox.kaspad.mempool import Mempool
from sandbox.kaspad.model import Coin, Input, Outpoint, Output, Transaction
from sandbox.kaspad.params import COINBASE_MATURITY, MIN_FEE_PER_GRAM, NATIVE_SUBNETWORK
from sandbox.kaspad.rules import Rejected

MINE, YOURS = wallet.own_script("test", "mine"), wallet.own_script("test", "yours")
KAS = 100_000_000
SCORE = 5000


@pytest.fixture
def coins() -> Coins:
    held = Coins()
    for number in range(3):
        held.put(Outpoint(f"{number:064x}", 0), Coin(100 * KAS, MINE, 10, False))
    held.put(Outpoint("ee" * 32, 0), Coin(50 * KAS, MINE, SCORE - COINBASE_MATURITY + 1, True))
    return held


def spending(outpoint: Outpoint, *outputs: tuple[str, int]) -> Transaction:
    paid = tuple(Output(amount, script) for script, amount in outputs)
    return hashing.finished(Transaction((Input(outpoint, wallet.UNSIGNED, 0, 1),), paid, NATIVE_SUBNETWORK), 0)


FIRST = Outpoint("0" * 64, 0)


def test_the_fee_floor_is_a_hundred_sompi_a_gram_of_compute_mass(coins: Coins) -> None:
    pool = Mempool()
    floor = 2036 * MIN_FEE_PER_GRAM  # grams as recorded for one input and two outputs
    one_short = spending(FIRST, (YOURS, 50 * KAS), (MINE, 50 * KAS - floor + 1))
    with pytest.raises(Rejected, match=f"has {floor - 1} fees which is under the required amount of {floor}"):
        pool.add(one_short, coins.get, SCORE)
    assert pool.add(spending(FIRST, (YOURS, 50 * KAS), (MINE, 50 * KAS - floor)), coins.get, SCORE).fee == floor


def test_a_coinbase_ripens_after_a_thousand_blocks(coins: Coins) -> None:
    young = spending(Outpoint("ee" * 32, 0), (YOURS, 49 * KAS))
    with pytest.raises(Rejected, match="coinbase maturity period of 1000 hasn't passed yet"):
        Mempool().add(young, coins.get, SCORE)
    Mempool().add(young, coins.get, SCORE + 1)


def test_an_output_is_spent_once(coins: Coins) -> None:
    pool = Mempool()
    first = spending(FIRST, (YOURS, 99 * KAS))
    pool.add(first, coins.get, SCORE)
    with pytest.raises(Rejected, match=f"transaction {first.id} is already in the mempool"):
        pool.add(first, coins.get, SCORE)
    with pytest.raises(Rejected, match=f"already spent by transaction {first.id} in the mempool"):
        pool.add(spending(FIRST, (MINE, 99 * KAS)), coins.get, SCORE)
    twice = replace(first, inputs=first.inputs * 2)
    with pytest.raises(Rejected, match="duplicate inputs"):
        Mempool().add(twice, coins.get, SCORE)


def test_an_unconfirmed_output_may_be_spent_and_waits_for_its_parent(coins: Coins) -> None:
    pool = Mempool()
    parent = pool.add(spending(FIRST, (MINE, 99 * KAS)), coins.get, SCORE).transaction
    child = pool.add(spending(Outpoint(parent.id, 0), (YOURS, 98 * KAS)), coins.get, SCORE).transaction
    with pytest.raises(Rejected, match="orphan where orphan is disallowed"):
        pool.add(spending(Outpoint(parent.id, 1), (YOURS, KAS)), coins.get, SCORE)
    assert [checked.transaction.id for checked in pool.selected(coins.get)] == [parent.id]
    coins.take(FIRST)
    coins.put(Outpoint(parent.id, 0), Coin(99 * KAS, MINE, SCORE, False))
    pool.settle({parent.id}, coins.get, SCORE + 1)
    assert [checked.transaction.id for checked in pool.selected(coins.get)] == [child.id]


def test_who_loses_its_input_to_a_block_is_dropped_with_its_children(coins: Coins) -> None:
    pool = Mempool()
    parent = pool.add(spending(FIRST, (MINE, 99 * KAS)), coins.get, SCORE).transaction
    pool.add(spending(Outpoint(parent.id, 0), (YOURS, 98 * KAS)), coins.get, SCORE)
    stays = pool.add(spending(Outpoint(f"{1:064x}", 0), (YOURS, 98 * KAS)), coins.get, SCORE).transaction
    coins.take(FIRST)
    pool.settle(set(), coins.get, SCORE)
    assert list(pool.entries) == [stays.id]
    assert not pool.spends(FIRST)


def test_a_block_takes_no_more_than_its_mass(coins: Coins) -> None:
    pool = Mempool()
    for number in range(20):
        outpoint = Outpoint(f"{number + 100:064x}", 0)
        coins.put(outpoint, Coin(100 * KAS, MINE, 10, False))
        heavy = (YOURS, 20 * KAS), *((YOURS, KAS),) * 3  # small outputs: about 30,000 grams of storage mass
        pool.add(spending(outpoint, *heavy), coins.get, SCORE)
    masses = [checked.transaction.storage_mass for checked in pool.selected(coins.get)]
    assert 400_000 < sum(masses) <= 500_000
    assert len(masses) < 20


def test_the_wallet_gathers_small_coins_in_one_standard_transaction() -> None:
    held = Coins()
    for number in range(COINBASE_MATURITY + wallet.GATHER_FROM):
        held.put(Outpoint(f"{number:064x}", 0), Coin(50 * KAS, MINE, number, True))
    assert wallet.consolidation(held, MINE, COINBASE_MATURITY + wallet.GATHER_FROM - 2, lambda _: False) is None
    gathered = wallet.consolidation(held, MINE, COINBASE_MATURITY + wallet.GATHER_FROM, lambda _: False)
    assert gathered is not None
    assert len(gathered.inputs) == wallet.GATHER
    assert Mempool().add(gathered, held.get, COINBASE_MATURITY + wallet.GATHER_FROM).transaction.id == gathered.id
