"""What the simulated bitcoind's mempool takes, replaces and lets go, and what its node tells of it."""

from __future__ import annotations

import math
import random
import time
from itertools import islice
from pathlib import Path

import numpy as np
import pytest
from sandbox.bitcoind import flow, policy, rpc, store
from sandbox.bitcoind.coins import Coin
from sandbox.bitcoind.conf import Conf
from sandbox.bitcoind.methods import METHODS
from sandbox.bitcoind.node import FLOW_COINS, PAST_BLOCK_S, PAST_PAYMENTS, PAST_S, Node
from sandbox.bitcoind.params import COIN, START_HEIGHT
from sandbox.bitcoind.policy import Refusal
from sandbox.bitcoind.tx import Outpoint, Tx, TxOut
from sandbox.bitcoind.wallet import FLOW, MINER, ripe

OUT = b"\x00\x14" + b"\x07" * 20


@pytest.fixture
def node(tmp_path: Path) -> Node:
    return Node(Conf(tmp_path, (), {}, {}, False, ()), "test")


def a_coin(node: Node) -> tuple[Outpoint, Coin]:
    return next(iter(ripe(node.chain.coins.purses[MINER], node.chain.height, node.mempool.spender)))


def spend(node: Node, item: tuple[Outpoint, Coin], fee: int, script: bytes = OUT) -> Tx:
    """All of a coin to one output, at this fee."""
    tx = node.wallet.sweep([item], script)
    return Tx(tx.ins, (TxOut(item[1].amount - fee, script),))


def test_the_chain_begins_the_same_for_the_same_seed_only(node: Node, tmp_path: Path) -> None:
    def started(seed: str) -> bytes:
        return Node(Conf(tmp_path, (), {}, {}, False, ()), seed).chain.tip

    assert node.chain.height == START_HEIGHT
    assert started("test") == node.chain.tip
    assert started("other") != node.chain.tip


def test_no_coin_comes_from_nowhere(node: Node) -> None:
    for _ in range(30):
        node.tick_flow()
    for _ in range(3):
        node.generate(node.wallet.miner)
    total = sum(coin.amount for _, coin in node.chain.coins)
    assert total == (START_HEIGHT + 3) * 50 * COIN


def test_the_relay_fee_is_a_tenth_of_a_satoshi_a_byte_rounded_up(node: Node) -> None:
    item = a_coin(node)
    needed = policy.relay_fee(spend(node, item, 0).vsize)
    with pytest.raises(Refusal, match=f"min relay fee not met, {needed - 1} < {needed}"):
        node.submit(spend(node, item, needed - 1))
    node.submit(spend(node, item, needed))


def test_a_replacement_pays_more_than_all_it_replaces_and_for_its_own_bytes(node: Node) -> None:
    item = a_coin(node)
    first = spend(node, item, 5000, node.wallet.miner)
    node.submit(first)
    child = spend(node, (Outpoint(first.txid, 0), Coin(first.outs[0].amount, node.wallet.miner, 0, False)), 3000)
    node.submit(child)
    needed = policy.relay_fee(spend(node, item, 0).vsize)
    with pytest.raises(Refusal, match=r"less fees than conflicting txs; 0\.00007999 < 0\.00008"):
        node.submit(spend(node, item, 7999))
    with pytest.raises(Refusal, match="not enough additional fees to relay"):
        node.submit(spend(node, item, 8000 + needed - 1))
    node.submit(spend(node, item, 8000 + needed))
    assert len(node.mempool.entries) == 1


def test_nobody_replaces_its_own_parent(node: Node) -> None:
    item = a_coin(node)
    parent = spend(node, item, 1000, node.wallet.miner)
    node.submit(parent)
    coin = (Outpoint(parent.txid, 0), Coin(parent.outs[0].amount, node.wallet.miner, 0, False))
    with pytest.raises(Refusal, match="bad-txns-spends-conflicting-tx"):
        node.submit(node.wallet.sweep([item, coin], OUT))


def test_sequence_numbers_count_adds_removals_and_mined_ones(node: Node) -> None:
    assert node.mempool.sequence == 1
    item = a_coin(node)
    node.submit(spend(node, item, 1000))
    node.submit(spend(node, item, 2000))
    assert node.mempool.sequence == 1 + 3
    node.generate(node.wallet.miner)
    assert node.mempool.sequence == 1 + 4


def test_a_block_takes_parents_before_their_children(node: Node) -> None:
    item = a_coin(node)
    for _ in range(3):
        tx = spend(node, item, 1000, node.wallet.miner)
        node.submit(tx)
        item = Outpoint(tx.txid, 0), Coin(tx.outs[0].amount, node.wallet.miner, 0, False)
    waiting = list(node.mempool.entries)
    found = node.chain.find(node.generate(node.wallet.miner))
    assert found is not None
    assert [tx.txid for tx in found.block.transactions[1:]] == waiting


def test_a_reorg_readmits_other_peoples_transactions_with_their_children(node: Node) -> None:
    node.generate(node.wallet.miner)
    parent = spend(node, a_coin(node), 1000, node.wallet.flow[0])
    node.submit(parent)
    node.generate(node.wallet.miner)
    coin = Outpoint(parent.txid, 0), Coin(parent.outs[0].amount, node.wallet.flow[0], 0, False)
    child = spend(node, coin, 1000)
    node.submit(child)
    node.reorg(1)
    assert set(node.mempool.entries) == {parent.txid, child.txid}
    found = node.chain.find(node.generate(node.wallet.miner))
    assert found is not None
    mined = [tx.txid for tx in found.block.transactions[1:]]
    assert mined == [parent.txid], "the child arrived before its parent came back, so it waits one block more"
    node.generate(node.wallet.miner)
    assert not node.mempool.entries


def test_disconnecting_gives_back_exactly_what_was(node: Node) -> None:
    before = dict(node.chain.coins)
    for _ in range(20):
        node.tick_flow()
    node.pay("bcrt1qqurswpc8qurswpc8qurswpc8qurswpc8dxm0gk", COIN)
    for _ in range(3):
        node.generate(node.wallet.miner)
    for _ in range(3):
        node.chain.disconnect()
    assert dict(node.chain.coins) == before


def test_the_flow_keeps_its_coins_within_bounds(node: Node) -> None:
    for number in range(3000):
        node.tick_flow()
        if number % 60 == 59:
            node.tick_block()
    assert FLOW_COINS - 100 < len(node.chain.coins.purses[FLOW]) < FLOW_COINS + 200
    assert not any(coin.amount < flow.SMALLEST // 2 for coin in node.chain.coins.purses[FLOW].values())


def test_flow_amounts_stay_in_their_range_and_repeat_with_the_seed() -> None:
    amounts = list(islice(flow.log_normal(random.Random(1)), 5000))
    assert min(amounts) >= flow.SMALLEST
    assert max(amounts) <= flow.LARGEST
    assert sorted(amounts)[2500] == pytest.approx(flow.MEDIAN, rel=0.1)
    assert amounts == list(islice(flow.log_normal(random.Random(1)), 5000))


def test_dollars_are_paid_at_a_price_that_moves_and_that_a_restart_does_not_change() -> None:
    now = 1_700_000_000.0
    amounts = np.array(list(islice(flow.payments(random.Random(1), lambda: now), 4000)))
    implied = np.array(flow.USD)[:, None] / amounts * 1e8
    near = np.abs(implied / flow.price_at(now) - 1) < flow.SCATTER
    assert near.any(axis=0).mean() == pytest.approx(flow.ROUND_USD * (1 - math.exp(-1)), rel=0.25)
    prices = [flow.price_at(now + minute * 60) for minute in range(24 * 60)]
    hourly = [abs(later / earlier - 1) for earlier, later in zip(prices, prices[60:], strict=False)]
    assert 0.005 < max(hourly) < 0.02
    assert sum(flow.USD_SHARES) == pytest.approx(1, abs=0.01)


def test_three_hours_of_payments_have_happened_before_anyone_looks(node: Node) -> None:
    before = node.chain.height
    node.create_history()
    assert node.chain.height == before + PAST_S // PAST_BLOCK_S
    times = [node.chain.header(block_hash).time for block_hash in node.chain.hashes[before + 1 :]]
    assert times == sorted(times)
    assert time.time() - PAST_S - 5 < times[0] < times[-1] <= time.time()
    paid = sum(len(node.chain.kept[each].block.transactions) for each in node.chain.hashes[before + 1 :])
    assert paid > 15 * PAST_PAYMENTS
    node.create_history()
    assert node.chain.height == before + PAST_S // PAST_BLOCK_S, "it has happened, so it is not made up again"


def test_who_asks_is_told_what_the_flow_is_made_at(node: Node) -> None:
    before = time.time()
    told = rpc.call(node, "getflowprice", METHODS["getflowprice"], [])
    assert before <= told["at"] <= time.time()
    assert told["usd"] == flow.price_at(told["at"])


def test_a_node_takes_its_amounts_from_any_flow(tmp_path: Path) -> None:
    """The seam that the oracle's flow of round USD amounts goes through."""
    node = Node(Conf(tmp_path, (), {}, {}, False, ()), "test", iter([111_111, 222_222]))
    node.tick_flow()
    node.tick_flow()
    paid = [entry.tx.outs[0].amount for entry in node.mempool.entries.values()]
    assert set(paid) == {111_111, 222_222}


def test_a_saved_chain_goes_on_where_it_was(node: Node, tmp_path: Path) -> None:
    node.pay("bcrt1qqurswpc8qurswpc8qurswpc8qurswpc8dxm0gk", COIN)
    node.generate(node.wallet.miner)
    node.save()
    again = Node(node.conf, "test")
    assert again.chain.headers == node.chain.headers
    assert dict(again.chain.coins) == dict(node.chain.coins)
    assert again.chain.kept == node.chain.kept
    assert again.chain.coins.purses == node.chain.coins.purses
    again.reorg(1)
    again.save()
    third = Node(node.conf, "test")
    assert third.chain.tip == again.chain.tip
    assert len(list((tmp_path / "sandbox-blocks").iterdir())) == len(third.chain.kept)


def test_headers_are_kept_for_ever_and_blocks_are_not(node: Node, tmp_path: Path) -> None:
    for _ in range(10):
        for _ in range(40):
            node.generate(node.wallet.miner)
        node.save()
    again = Node(node.conf, "test")
    assert again.chain.hashes == node.chain.hashes
    assert (tmp_path / "sandbox-headers.dat").stat().st_size == 80 * node.chain.prune_height
    assert store.load(tmp_path, again.chain) is True


@pytest.mark.parametrize(
    ("amount", "text"), [(0, "0.00"), (1, "0.00000001"), (COIN, "1.00"), (3_999_990_000, "39.9999")]
)
def test_amounts_read_as_cores_texts_write_them(amount: int, text: str) -> None:
    assert policy.btc(amount) == text


@pytest.mark.parametrize(
    ("script", "limit"),
    [
        ("0014" + "00" * 20, 294),
        ("0020" + "00" * 32, 330),
        ("5120" + "00" * 32, 330),
        ("6a00", 0),
        ("76a914" + "00" * 20 + "88ac", 546),
    ],
)
def test_dust_limits_are_cores(script: str, limit: int) -> None:
    assert policy.dust_limit(bytes.fromhex(script)) == limit
