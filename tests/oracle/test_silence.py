"""A ZMQ address where somebody speaks, but of something else: that of another node."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from oracle.estimate import State

from tests.oracle.bitcoind import Bitcoind
from tests.oracle.following import Following
from tests.oracle.generator import Generator
from tests.stage.waiting import until


@pytest.fixture
def other(tmp_path: Path) -> Iterator[Bitcoind]:
    """A node to whose ZMQ the oracle listens by mistake."""
    folder = tmp_path / "other"
    folder.mkdir()
    with Bitcoind(folder, None) as running:
        yield running


@pytest.fixture
def asked(tmp_path: Path) -> Iterator[Bitcoind]:
    """The node that it asks by RPC."""
    folder = tmp_path / "asked"
    folder.mkdir()
    with Bitcoind(folder, None) as running:
        running.mine()
        yield running


@pytest.mark.promise(
    "A ZMQ endpoint of another node is detected, because the mempool changes without a message",
    runs="ci",
)
def test_a_mempool_that_changes_without_a_word_is_not_ready_and_says_why(asked: Bitcoind, other: Bitcoind) -> None:
    generator = Generator(asked)
    with Following(asked, other.zmq) as oracle:
        oracle.wait_in_step()

        def found() -> bool:
            generator.pay(2)
            return f"ZMQ at {other.zmq} sends no messages" in oracle.now.answer.reason

        until(found, 60, every_s=0.5)
        assert oracle.now.answer.state in (State.NOT_READY, State.STALE)
        assert not oracle.inside(lambda live: live.ready)


def test_a_block_of_which_zmq_tells_nothing_costs_a_snapshot(asked: Bitcoind, other: Bitcoind) -> None:
    with Following(asked, other.zmq) as oracle:
        oracle.wait_in_step()
        resyncs = oracle.live.mempool.resyncs
        asked.mine()
        until(lambda: oracle.live.mempool.resyncs > resyncs, 40)
