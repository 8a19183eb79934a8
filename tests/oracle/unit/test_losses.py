"""Notifications that contradict what is tracked: each means that something was missed."""

from __future__ import annotations

import random

import pytest
from nodeclients.zmq import Frame
from oracle.live.mempool import MOST_HELD, Mempool

from tests.oracle.unit.modelnode import ModelNode, Tx


@pytest.fixture
def node() -> ModelNode:
    return ModelNode(random.Random(3))


@pytest.fixture
def followed(node: ModelNode) -> Mempool:
    """In step with three that wait."""
    found = Mempool()
    found.begin()
    found.load(*node.snapshot())
    for _ in range(3):
        deliver(found, node.add())
    assert found.exact
    return found


def deliver(followed: Mempool, frames: list[Frame]) -> None:
    for frame in frames:
        followed.take(frame)


@pytest.mark.promise("A removal that contradicts the tracked set counts as a loss", runs="ci")
def test_a_removal_of_what_was_never_there_is_a_loss(node: ModelNode, followed: Mempool) -> None:
    deliver(followed, [node._letter(bytes(32), "R", next_sequence=True)])
    assert "an unknown transaction left with mempool sequence 4" in followed.lost


def test_a_removal_that_was_told_already_is_a_loss(node: ModelNode, followed: Mempool) -> None:
    node.sequence = 2
    deliver(followed, [node._letter(next(iter(node.mempool)), "R", next_sequence=True)])
    assert "left with mempool sequence 2" in followed.lost


def test_a_block_that_takes_less_than_a_removal_ran_ahead_is_a_loss(node: ModelNode, followed: Mempool) -> None:
    first, second, _ = node.mempool
    node.sequence += 2  # two were mined, says the next number
    deliver(followed, [node._letter(first, "R", next_sequence=True)])
    assert followed.exact, "a block may explain it"
    coinbase = Tx(((bytes(32), 0xFFFFFFFF),), (5_000_000_000, 0))
    block = [node._frame("rawtx", tx.raw) for tx in (coinbase, node.mempool[second])]
    deliver(followed, [*block, node._letter(b"\1" * 32, "C")])
    assert followed.lost == "a block mined fewer transactions than the mempool sequence implies"


def test_what_is_held_for_a_snapshot_is_bounded(followed: Mempool) -> None:
    followed.begin()
    deliver(followed, [Frame("hashtx", b"", number, 0.0) for number in range(MOST_HELD)])
    assert followed.lost == ""
    deliver(followed, [Frame("hashtx", b"", MOST_HELD, 0.0)])
    assert "too many messages arrived during the snapshot" in followed.lost
