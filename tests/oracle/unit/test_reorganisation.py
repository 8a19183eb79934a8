"""Blocks that go and come, as the node's notifications tell of them."""

from __future__ import annotations

import random

import pytest
from oracle.live.mempool import Connected, Mempool

from tests.oracle.unit.modelnode import ModelNode


@pytest.mark.promise("A disconnected block (D) is never taken for a connected one", runs="ci")
@pytest.mark.parametrize("depth", [1, 3])
def test_a_block_that_goes_is_never_taken_for_one_that_comes(depth: int) -> None:
    node, mempool = ModelNode(random.Random(2)), Mempool()
    mempool.begin()
    mempool.load(*node.snapshot())
    for _ in range(depth):
        for frame in [*node.add(), *node.add(), *node.mine()]:
            mempool.take(frame)
    gone = {block.hash for block in node.chain}
    events = [event for frame in node.reorganise(depth) for event in mempool.take(frame)]
    connected = {event.block_hash for event in events if isinstance(event, Connected)}
    assert not connected & gone
    assert connected <= {block.hash for block in node.chain}
