"""Inputs in, answers out: states, the prior, what is drawn; and a day of simulated time."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator

import numpy as np
import pytest
from nodeclients.zmq import Frame
from oracle.estimate import State
from oracle.histogram import SPAN
from oracle.live import recording
from oracle.live.answer import Market
from oracle.live.core import DOUBTED_S, Live, Update
from oracle.live.mempool import Transaction, read_transaction
from oracle.live.recent import MOST, RecentIds
from oracle.live.window import FRESH, Window
from oracle.parse import Verdict
from oracle.weights import Weights
from sandbox.bitcoind import flow

from tests.oracle.unit.modelnode import Block, ModelNode, Tx

NOW = 1_795_000_000.0


class Drive:
    """Feeds one oracle what a node and a clock would."""

    def __init__(self, weights: Weights, market: Market = Market.SYNTHETIC, seed: int = 1) -> None:
        self.live = Live(weights, market)
        self.node = ModelNode(random.Random(seed), at=NOW)
        self.rng = random.Random(seed)

    def own(self, topic: str, body: bytes = b"") -> Update | None:
        return self.live.take(recording.own(topic, self.node.at, body))

    def synced(self) -> Drive:
        self.own(recording.BEGIN)
        sequence, txids = self.node.snapshot()
        self.live.take(recording.snapshot(sequence, [txid[::-1].hex() for txid in txids], self.node.at))
        self.live.take(recording.readiness(True, "", self.node.at))
        return self

    def tick(self) -> Update:
        told = self.own(recording.TICK)
        assert told is not None
        return told

    def pay(self, amounts: Iterator[int], count: int, every_s: float = 1.0) -> list[Tx]:
        paid = []
        for _ in range(count):
            self.node.at += every_s
            tx = Tx(self.node.tx().spends, (next(amounts), self.rng.randint(10**6, 10**9)))
            self.deliver(self.node.add(tx))
            paid.append(tx)
        return paid

    def deliver(self, frames: list[Frame]) -> None:
        for frame in frames:
            self.live.take(frame)

    def amounts(self, price: float) -> Iterator[int]:
        """Payments in the simulator's mix at one price."""
        stretched = flow.payments(self.rng, lambda: 0.0)
        factor = flow.price_at(0.0) / price
        return (max(2000, round(amount * factor)) for amount in stretched)


@pytest.fixture
def drive(weights: Weights) -> Callable[..., Drive]:
    return lambda *arguments, **more: Drive(weights, *arguments, **more)


def test_before_the_node_was_asked_there_is_no_number(drive: Callable[..., Drive]) -> None:
    told = drive().tick()
    assert (told.answer.state, told.answer.price) == (State.NOT_READY, None)
    assert told.answer.reason == "waiting for the node's first answer"


def test_payments_of_round_dollars_give_the_price(drive: Callable[..., Drive]) -> None:
    it = drive().synced()
    it.pay(it.amounts(50_000), 2500)
    answer = it.tick().answer
    assert answer.state is State.OK
    assert answer.price == pytest.approx(50_000, rel=0.003)
    assert answer.low is not None
    assert answer.high is not None
    assert answer.low < 50_000 < answer.high


def test_a_replaced_payment_is_taken_back_and_a_mined_one_stays(drive: Callable[..., Drive]) -> None:
    it = drive().synced()
    it.deliver([*it.node.add(), *it.node.add()])
    it.tick()
    assert it.live.window.histogram.n_amounts == 4
    it.deliver(it.node.evict())
    it.tick()
    assert it.live.window.histogram.n_amounts == 2
    while it.node.mempool:
        it.deliver(it.node.mine())
    it.tick()
    assert it.live.window.histogram.n_amounts >= 2
    assert not it.live.window.kept


@pytest.mark.promise(
    "Children of payments in the window and the last blocks are left out; parents are forgotten after three hours",
    runs="ci",
)
def test_the_child_of_a_recent_payment_does_not_count(drive: Callable[..., Drive]) -> None:
    it = drive().synced()
    (parent,) = it.pay(iter([150_000]), 1)
    it.deliver(it.node.add(it.node.tx(((parent.txid, 0),))))
    assert it.live.window.verdicts[Verdict.PARENT_IN_WINDOW] == 1
    it.node.at += SPAN + 600
    it.tick()
    it.deliver(it.node.add(it.node.tx(((parent.txid, 1),))))
    assert it.live.window.verdicts[Verdict.PARENT_IN_WINDOW] == 1, "after three hours it is forgotten"


@pytest.mark.promise("A price exists at once from the last blocks through RPC", runs="ci")
def test_blocks_of_the_past_give_a_price_at_once(drive: Callable[..., Drive]) -> None:
    it = drive()
    amounts = it.amounts(20_000)
    for number in range(18):
        coinbase = Tx(((bytes(32), 0xFFFFFFFF),), (5_000_000_000, number))
        paid = tuple(Tx(it.node.tx().spends, (next(amounts), it.rng.randint(10**6, 10**9))) for _ in range(200))
        raw = bytearray(Block((coinbase, *paid), b"%d" % number).raw)
        raw[68:72] = int(NOW - (18 - number) * 600).to_bytes(4, "little")
        it.live.take(Frame(recording.BLOCK, bytes(raw), 0, NOW))
    assert it.live.prior == pytest.approx(20_000, rel=0.01)
    told = it.synced().tick()
    assert told.answer.price == pytest.approx(20_000, rel=0.005)
    assert len(told.points) > 100


@pytest.mark.promise("An old price is called `stale` and disappears in the end", runs="ci")
def test_a_number_that_gets_old_is_called_stale_and_goes_in_the_end(drive: Callable[..., Drive]) -> None:
    it = drive().synced()
    it.pay(it.amounts(50_000), 2000)
    fresh = it.tick().answer
    it.live.take(recording.readiness(False, "no answer from bitcoind", it.node.at))
    it.node.at += 60
    stale = it.tick().answer
    assert (stale.state, stale.reason, stale.price) == (State.STALE, "no answer from bitcoind", fresh.price)
    assert stale.at - (stale.as_of or 0) == pytest.approx(60, abs=1)
    it.node.at += SPAN
    assert (it.tick().answer.state, it.tick().answer.price) == (State.NOT_READY, None)


def test_a_chain_without_a_market_has_no_number_whatever_is_paid(drive: Callable[..., Drive]) -> None:
    it = drive(Market.NONE).synced()
    it.pay(it.amounts(50_000), 1500)
    told = it.tick()
    assert (told.answer.state, told.answer.price, told.points) == (State.NO_MARKET, None, [])
    assert not it.live.window.fresh


def test_a_clock_that_was_set_starts_everything_anew(drive: Callable[..., Drive]) -> None:
    it = drive().synced()
    it.pay(it.amounts(50_000), 1500)
    it.tick()
    it.own(recording.RESET)
    assert it.live.mempool.lost == "the clock was set"
    it.synced()
    assert it.tick().answer.state is State.NO_SIGNAL


@pytest.mark.promise("A prior in the wrong octave is doubted, and dropped after ten minutes", runs="ci")
def test_a_wrong_prior_is_dropped_when_payments_doubt_it_for_long(drive: Callable[..., Drive]) -> None:
    it = drive().synced()
    it.live.prior, it.live._prior_at = 25_000.0, NOW
    it.pay(it.amounts(50_000), 2500, every_s=0.1)
    first = it.tick().answer
    assert first.state is State.AMBIGUOUS
    it.node.at += DOUBTED_S + 1
    it.tick()
    it.node.at += 6
    answer = it.tick().answer
    assert answer.state in (State.OK, State.WIDE)
    assert answer.price == pytest.approx(50_000, rel=0.01)


def test_points_are_told_once_each(drive: Callable[..., Drive]) -> None:
    it = drive().synced()
    it.pay(it.amounts(50_000), 2000)
    assert len(it.tick().points) > 100
    assert it.tick().points == []
    it.pay(iter([200_000_07]), 1)
    it.pay(iter([200_013]), 1)  # 100 USD at 49,996
    assert [round(usd) for _, usd in it.tick().points if 49_000 < usd < 51_000] == [49_997]


def test_malformed_bytes_from_rpc_are_counted_and_passed_over(drive: Callable[..., Drive]) -> None:
    it = drive().synced()
    it.live.take(recording.transaction(b"\x00\x01", NOW, NOW))
    it.live.take(Frame(recording.BLOCK, bytes(100), 0, NOW))
    assert it.live.window.verdicts[Verdict.MALFORMED] == 2


def test_ids_are_forgotten_by_age_and_by_number() -> None:
    recent = RecentIds()
    recent.add([b"old"], NOW)
    recent.add([b"new"], NOW + SPAN)
    recent.advance(NOW + SPAN + 600)
    assert b"old" not in recent
    assert b"new" in recent
    recent.add((number.to_bytes(4, "big") for number in range(MOST)), NOW + SPAN + 900)
    recent.advance(NOW + SPAN + 900)
    assert b"new" not in recent
    assert len(recent) <= MOST


def heard(*txs: Tx) -> list[Transaction]:
    return [read_transaction(tx.raw) for tx in txs]


def test_a_block_counts_what_was_not_heard_of_before_like_any_payment() -> None:
    node = ModelNode(random.Random(1))
    waiting, mined = [node.tx() for _ in range(30)], [node.tx() for _ in range(30)]
    child, consolidation = node.tx(((mined[0].txid, 1),)), Tx(mined[0].spends * 6, (50_000_007,))
    block = heard(*waiting, *mined, child, consolidation)
    one_by_one, at_once = Window(), Window()
    for window in (one_by_one, at_once):
        for transaction in heard(*waiting):
            window.add(transaction, NOW)
        assert window.settle(NOW)
    for transaction in block:
        one_by_one.add(transaction, NOW + 60)
        one_by_one.keep(transaction.txid)
    at_once.mine(block, NOW + 60)
    for window in (one_by_one, at_once):
        assert window.settle(NOW + 60)
        assert not window.settle(NOW + 60)
    assert at_once.verdicts == one_by_one.verdicts
    assert at_once.verdicts == {Verdict.KEPT: 60, Verdict.PARENT_IN_WINDOW: 1, Verdict.MANY_INPUTS: 1}
    assert at_once.ids.known == one_by_one.ids.known
    assert list(at_once.fresh) == list(one_by_one.fresh)
    assert at_once.histogram.n_amounts == one_by_one.histogram.n_amounts == 120
    assert at_once.histogram.slices()[1].tolist() == one_by_one.histogram.slices()[1].tolist()
    assert not at_once.kept


def test_what_a_block_brought_is_never_taken_back() -> None:
    node, window = ModelNode(random.Random(1)), Window()
    before, mined = heard(node.tx(), node.tx())
    window.add(before, NOW)
    window.mine([before, mined], NOW)
    window.remove(before.txid)
    window.remove(mined.txid)
    window.mine([before, mined], NOW + 1)
    window.settle(NOW + 1)
    assert window.histogram.n_amounts == 4
    assert window.verdicts == {Verdict.KEPT: 2}


def test_what_waits_to_be_drawn_is_bounded() -> None:
    window = Window()
    window._pay([(NOW, 10_000 + number) for number in range(FRESH + 5000)])
    assert len(window.fresh) == FRESH


def test_a_day_of_simulated_time_leaves_no_drift_and_no_growth(drive: Callable[..., Drive]) -> None:
    """24 hours at one transaction a second, blocks each ten minutes, the price on its waves."""
    it = drive().synced()
    amounts = flow.payments(it.rng, lambda: it.node.at)
    sizes, errors = [], []
    for minute in range(24 * 60):
        it.pay(amounts, 30, every_s=2.0)
        it.deliver(it.node.replace())
        if minute % 10 == 9:
            for _ in range(3):
                it.deliver(it.node.mine())
        if minute % 60 == 59:
            answer = it.tick().answer
            assert it.live.mempool.exact, it.live.mempool.lost
            assert it.live.mempool.tracked == it.node.mempool.keys()
            window = it.live.window
            sizes.append((len(window.ids), len(window.kept), window.histogram.n_amounts, len(it.live.mempool.missing)))
            if minute > 180 and answer.price is not None:
                errors.append(answer.price / flow.price_at(it.node.at) - 1)
    assert it.live.mempool.resyncs == 1
    assert len(errors) == 21, "no hour without a price"
    assert max(abs(error) for error in errors) < 0.01
    assert abs(float(np.mean(errors))) < 0.004
    flat = np.array(sizes[4:], dtype=float)
    assert (flat.max(axis=0) <= flat.min(axis=0) * 1.3 + 300).all(), sizes
