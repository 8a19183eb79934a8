"""The tracked set is the node's at every checkpoint, and the estimate stays with the generator's price."""

from __future__ import annotations

import signal
from functools import partial
from pathlib import Path

import pytest
from oracle.estimate import State

from tests.oracle.bitcoind import Bitcoind
from tests.oracle.cable import Cable
from tests.oracle.following import Following
from tests.oracle.generator import Generator
from tests.stage.waiting import until

PAYMENTS = 2000


def stays_with(oracle: Following, generator: Generator) -> None:
    """The estimate is fresh and within 1 % of the generator's price."""

    def close() -> bool:
        answer = oracle.now.answer
        assert answer.market == "synthetic"
        return (
            answer.state in (State.OK, State.WIDE)
            and answer.price is not None
            and abs(answer.price / generator.price - 1) < 0.01
        )

    until(close, 20)


@pytest.mark.promise(
    "Through replacements, children, blocks and a 3-block reorganisation the tracked set equals the "
    "node's; only the reorganisation costs a second snapshot",
    runs="ci",
)
@pytest.mark.promise(
    "Through RBF, CPFP, blocks and a 3-block reorganisation the tracked set equals the real node's at "
    "every checkpoint, and the estimate is within 1 % of the generator's price",
    runs="real",
    case="real",
)
def test_a_day_of_everything_that_can_happen_to_a_mempool(node: Bitcoind) -> None:
    generator = Generator(node)
    with Following(node) as oracle:
        oracle.wait_in_step()
        generator.pay(PAYMENTS)
        oracle.wait_in_step()
        stays_with(oracle, generator)
        generator.replace(150)
        oracle.wait_in_step()
        generator.spend_on(150)
        oracle.wait_in_step()
        assert oracle.live.mempool.resyncs == 1, "nothing of this needs a second snapshot"
        node.mine()
        oracle.wait_in_step()
        generator.pay(300)
        generator.replace(30)
        node.mine(3)
        oracle.wait_in_step()
        assert oracle.live.mempool.resyncs == 1
        assert oracle.live.mempool.events_missed == 0
        generator.pay(200)
        node.reorganise(3)
        oracle.wait_in_step()
        generator.pay(100)
        oracle.wait_in_step()
        stays_with(oracle, generator)
        assert oracle.live.mempool.malformed == 0


@pytest.mark.promise("A restarted node is followed again within 5 s; meanwhile the last price is `stale`", runs="ci")
@pytest.mark.promise("A restart of a real node is followed within 5 s", runs="real", case="real")
def test_a_restarted_node_is_followed_again_within_five_seconds(node: Bitcoind) -> None:
    generator = Generator(node)
    with Following(node) as oracle:
        generator.pay(1500)
        oracle.wait_in_step()
        stays_with(oracle, generator)
        node.stop()
        until(lambda: oracle.now.answer.state is State.STALE, 10)
        assert oracle.now.answer.price is not None, "the last number is still there, and is called stale"
        node.start()
        generator.pay(100)
        oracle.wait_in_step(5)
        stays_with(oracle, generator)


@pytest.mark.promise("A killed node is followed again", runs="ci")
@pytest.mark.promise("A killed real node is followed again", runs="real", case="real")
def test_a_killed_node_too(node: Bitcoind) -> None:
    generator = Generator(node)
    with Following(node) as oracle:
        generator.pay(300)
        oracle.wait_in_step()
        node.stop(signal.SIGKILL)
        node.start()
        node.mine()
        oracle.wait_in_step(10)


@pytest.mark.promise("A snapshot follows a reconnection within 5 s, and nothing is lost silently", runs="ci")
@pytest.mark.promise("A cut of a real node's ZMQ for 10 s loses nothing silently", runs="real", case="real")
def test_a_cut_cable_loses_nothing_silently(node: Bitcoind) -> None:
    generator = Generator(node)
    with Cable(node.zmq_port) as cable, Following(node, cable.address) as oracle:
        generator.pay(1500)
        oracle.wait_in_step()
        before = oracle.live.mempool.resyncs
        cable.cut()
        until(lambda: oracle.now.answer.state is State.STALE, 10)
        until(lambda: "no ZMQ publisher answers at tcp://" in oracle.now.answer.reason)
        generator.pay(300)
        node.mine()
        until(lambda: oracle.now.answer.at - oracle.told[0].answer.at > 10)
        cable.mend()
        oracle.wait_in_step(5)
        assert oracle.live.mempool.resyncs > before
        generator.pay(50)
        oracle.wait_in_step()
        stays_with(oracle, generator)


@pytest.mark.promise("A connection that breaks for a moment costs a snapshot", runs="ci")
def test_a_cable_that_is_out_for_a_moment_costs_a_snapshot(node: Bitcoind) -> None:
    node.mine()
    with Cable(node.zmq_port) as cable, Following(node, cable.address) as oracle:
        for _ in range(4):
            oracle.wait_in_step()
            resyncs = oracle.live.mempool.resyncs
            cable.shake()
            until(partial(_more_than, oracle, resyncs), 15)


def _more_than(oracle: Following, resyncs: int) -> bool:
    return oracle.live.mempool.resyncs > resyncs


@pytest.mark.promise("An overflow of the node's queue (hwm) is counted and repaired", runs="ci")
@pytest.mark.promise("An overflow of a real node's queue (hwm) is counted and repaired", runs="real", case="real")
def test_an_overflow_of_the_nodes_queue_is_counted_and_mended(program: Path | None, tmp_path: Path) -> None:
    with Bitcoind(tmp_path, program, hwm=100) as node:
        generator = Generator(node)
        with Cable(node.zmq_port) as cable, Following(node, cable.address) as oracle:
            generator.pay(20)
            oracle.wait_in_step()
            with cable.clogged():
                generator.fill(300, outputs=600)
                node.mine()
                generator.pay(100)

            def missed() -> bool:
                generator.pay(1)  # a gap shows at the next message
                return oracle.live.mempool.events_missed > 0

            until(missed, 40, every_s=0.2)
            oracle.wait_in_step()


@pytest.mark.promise("Eviction by a real node (small `maxmempool`) is followed", runs="real", case="real")
def test_a_full_mempool_evicts_and_is_followed(program: Path | None, tmp_path: Path) -> None:
    with Bitcoind(tmp_path, program, "-maxmempool=5") as node:
        generator = Generator(node)
        with Following(node) as oracle:
            generator.fill(400, outputs=300)
            oracle.wait_in_step()
            if program is not None:  # the simulator's mempool has no limit
                assert len(oracle.live.mempool.tracked) < 400
            assert oracle.live.mempool.events_missed == 0


@pytest.mark.promise("Transactions that waited before the oracle started count from their entry time", runs="ci")
def test_transactions_that_waited_before_the_oracle_came_are_known_to_it(node: Bitcoind) -> None:
    generator = Generator(node)
    generator.pay(1200)
    with Following(node) as oracle:
        oracle.wait_in_step()
        until(lambda: not oracle.inside(lambda live: live.mempool.missing), 20)
        stays_with(oracle, generator)
