"""The tracked set is the node's after any storm: a model of Core's notifications against the state machine."""

from __future__ import annotations

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from nodeclients.zmq import Frame
from oracle.live.mempool import MOST_PENDING, UNEXPLAINED_S, Added, Connected, Mempool, Removed

from tests.oracle.unit.modelnode import ModelNode

MOVES = ("add", "add", "add", "replace", "child", "evict", "mine")


@pytest.fixture
def node() -> ModelNode:
    return ModelNode(random.Random(1))


def synced(node: ModelNode) -> Mempool:
    mempool = Mempool()
    mempool.begin()
    mempool.load(*node.snapshot())
    assert mempool.exact
    return mempool


def deliver(mempool: Mempool, frames: list[Frame]) -> list[object]:
    return [event for frame in frames for event in mempool.take(frame)]


def test_a_transaction_is_there_with_its_bytes_once_its_letter_came(node: ModelNode) -> None:
    mempool = synced(node)
    rawtx, letter = node.add()
    assert mempool.take(rawtx) == []
    (event,) = mempool.take(letter)
    assert isinstance(event, Added)
    assert event.transaction.raw == rawtx.body
    assert mempool.tracked == node.mempool.keys()


@pytest.mark.promise("A replacement (RBF) leaves only the new transaction", runs="ci")
def test_a_replacement_leaves_only_the_new_one(node: ModelNode) -> None:
    mempool = synced(node)
    deliver(mempool, node.add())
    events = deliver(mempool, node.replace())
    assert [type(event) for event in events] == [Removed, Added]
    assert mempool.tracked == node.mempool.keys()
    assert mempool.exact


def test_a_block_takes_what_it_mined_and_brings_what_nobody_heard_of(node: ModelNode) -> None:
    mempool = synced(node)
    for _ in range(20):
        deliver(mempool, node.add())
    (event,) = [event for event in deliver(mempool, node.mine()) if isinstance(event, Connected)]
    assert len(event.transactions) == len(node.chain[-1].transactions)
    assert mempool.tracked == node.mempool.keys()
    assert mempool.exact


def test_a_conflict_in_a_block_runs_ahead_of_it_and_is_no_loss(node: ModelNode) -> None:
    mempool = synced(node)
    seen = 0
    for _ in range(60):
        deliver(mempool, [*node.add(), *node.add()])
        frames = node.mine()
        seen += frames[0].topic == "sequence"  # an R before the block's first transaction
        deliver(mempool, frames)
        assert mempool.exact, mempool.lost
        assert mempool.tracked == node.mempool.keys()
    assert seen > 5


@pytest.mark.promise("One lost message of either ZMQ topic is noticed and counted", runs="ci")
@pytest.mark.parametrize("topic", ["rawtx", "sequence"])
def test_one_lost_message_is_noticed_and_counted(node: ModelNode, topic: str) -> None:
    mempool = synced(node)
    deliver(mempool, node.add())
    deliver(mempool, [frame for frame in node.add() if frame.topic != topic])
    deliver(mempool, node.add())
    assert mempool.events_missed == 1
    assert topic in mempool.lost


@pytest.mark.promise("Messages lost before the first one show in the mempool sequence", runs="ci")
def test_what_was_lost_before_the_first_message_shows_in_the_mempool_sequence(node: ModelNode) -> None:
    mempool = synced(node)
    node.add()
    deliver(mempool, node.add())
    assert mempool.lost == "expected mempool sequence 1, got 2"


def test_a_restarted_node_is_recognised_by_its_counters(node: ModelNode) -> None:
    mempool = synced(node)
    deliver(mempool, [*node.add(), *node.add()])
    node.restart()
    deliver(mempool, node.add())
    assert mempool.lost == "the node has restarted"


@pytest.mark.promise("A block (rawblock) that arrived only in part is not believed", runs="ci")
def test_a_block_of_which_a_part_was_heard_is_not_believed(node: ModelNode) -> None:
    mempool = synced(node)
    frames = [frame for frame in node.mine() if frame.topic != "rawtx"]
    deliver(mempool, frames)
    assert mempool.lost == "ZMQ did not send all transactions of a block"


def test_a_block_with_more_transactions_than_were_heard_is_noticed(node: ModelNode) -> None:
    mempool = synced(node)
    frames = node.mine()
    heard = [frame for frame in frames if frame.topic == "rawtx"]
    deliver(mempool, [*(frame for frame in frames if frame is not heard[-1])])
    assert mempool.lost == f"ZMQ sent {len(heard) - 1} of a block's {len(heard)} transactions"


def test_a_removal_that_no_block_explains_is_a_loss_after_some_seconds(node: ModelNode) -> None:
    mempool = synced(node)
    deliver(mempool, [*node.add(), *node.add()])
    node.sequence += 1
    (removal,) = node.evict()
    deliver(mempool, [removal])
    mempool.check_clock(removal.at + UNEXPLAINED_S)
    assert mempool.exact
    mempool.check_clock(removal.at + UNEXPLAINED_S + 1)
    assert mempool.lost == "the sequence of a removal is ahead, and no block explains it"


@pytest.mark.promise("Messages from before the snapshot are distinguished from those after it", runs="ci")
def test_messages_from_before_the_snapshot_are_told_from_those_after(node: ModelNode) -> None:
    mempool = Mempool()
    mempool.begin()
    before = [*node.add(), *node.add(), *node.evict(), *node.mine()]
    deliver(mempool, before)
    snapshot = node.snapshot()
    deliver(mempool, [*node.add(), *node.replace()])
    mempool.load(*snapshot)
    assert mempool.exact
    assert mempool.tracked == node.mempool.keys()


def test_a_mined_one_that_a_reorganisation_brought_back_before_the_snapshot_stays(node: ModelNode) -> None:
    mempool = synced(node)
    deliver(mempool, node.add())
    mempool.interrupted("test")
    mempool.begin()
    tx = next(iter(node.mempool.values()))
    block = node.mine()
    while tx.txid in node.mempool:
        block += node.mine()
    back = node.reorganise(len(node.chain))
    snapshot = node.snapshot()
    deliver(mempool, [*block, *back])
    mempool.load(*snapshot)
    assert mempool.tracked == node.mempool.keys()


def test_what_a_snapshot_brought_is_missing_until_it_is_filled(node: ModelNode) -> None:
    node.add()
    mempool = synced(node)
    assert mempool.missing == node.mempool.keys()
    frames = node.add()
    deliver(mempool, frames)
    assert len(mempool.missing) == 1


@pytest.mark.promise("Malformed bytes are counted and skipped", runs="ci")
def test_bytes_that_are_no_transaction_are_counted_and_passed_over(node: ModelNode) -> None:
    mempool = synced(node)
    rawtx, letter = node.add()
    deliver(mempool, [Frame("rawtx", rawtx.body[:-1], rawtx.counter, 1.0), letter])
    assert mempool.malformed == 1
    assert mempool.exact
    assert mempool.missing == node.mempool.keys()


def test_a_sequence_notification_that_cannot_be_read_needs_a_snapshot(node: ModelNode) -> None:
    mempool = synced(node)
    mempool.take(Frame("sequence", b"A" * 32, 0, 1.0))
    assert mempool.lost == "a sequence notification cannot be read"


@pytest.mark.promise("Transactions whose fate is never announced do not fill the memory", runs="ci")
def test_transactions_without_a_letter_do_not_fill_the_memory(node: ModelNode) -> None:
    mempool = synced(node)
    counter = 0
    while not mempool.lost:
        mempool.take(Frame("rawtx", node.tx().raw, counter, 1.0))
        counter += 1
        assert counter <= MOST_PENDING + 1
    assert "without sequence notifications" in mempool.lost


@pytest.mark.promise("Hostile ZMQ messages never raise", runs="ci")
@given(st.binary(max_size=300), st.sampled_from(["rawtx", "sequence", "rawblock", "other"]))
def test_hostile_bytes_never_raise(body: bytes, topic: str) -> None:
    mempool = Mempool()
    mempool.begin()
    mempool.load(1, [])
    mempool.take(Frame(topic, body, 0, 1.0))
    mempool.take(Frame(topic, body, 1, 1.0))


@pytest.mark.promise("After any order of ZMQ events (A, R, C, D) the tracked set equals the node's", runs="ci")
@settings(max_examples=150, deadline=None)
@given(st.integers(0, 2**32), st.lists(st.sampled_from([*MOVES, "reorganise", "restart", "lose"]), max_size=60))
def test_after_any_storm_the_tracked_set_is_the_nodes(seed: int, moves: list[str]) -> None:
    rng = random.Random(seed)
    node, mempool = ModelNode(random.Random(seed)), Mempool()

    def storm(some: list[str]) -> list[Frame]:
        frames: list[Frame] = []
        for move in some:
            if move == "lose":
                frames = frames[: rng.randint(0, len(frames))]
            else:
                frames += node.reorganise(rng.randint(1, 3)) if move == "reorganise" else getattr(node, move)()
        return frames

    def take_a_snapshot() -> None:
        """With messages before, between and after, some of them held back and some not."""
        mempool.begin()
        deliver(mempool, storm(rng.choices(MOVES, k=5)))
        snapshot = node.snapshot()
        late = storm(rng.choices(MOVES, k=5))
        cut = rng.randint(0, len(late))
        deliver(mempool, late[:cut])
        mempool.load(*snapshot)
        deliver(mempool, late[cut:])

    for _ in range(3):
        deliver(mempool, storm(moves))
        for _ in range(3):  # what was lost shows with the first message after it, so perhaps while one is under way
            if not mempool.exact:
                take_a_snapshot()
        assert mempool.exact, mempool.lost
        deliver(mempool, node.add())
        deliver(mempool, storm([*moves, "add"]))
        if mempool.exact:
            assert mempool.tracked == node.mempool.keys()
