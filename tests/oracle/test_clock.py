"""The clock of the host jumps while the oracle follows its node."""

from __future__ import annotations

import time

import pytest
from oracle.live.clock import SteadyClock

from tests.oracle.bitcoind import Bitcoind
from tests.oracle.following import Following
from tests.oracle.generator import Generator
from tests.stage.waiting import until


@pytest.mark.promise("A clock set an hour forward or back costs one snapshot with a real node", runs="real")
@pytest.mark.promise("After the clock is set an hour forward or back, the price is back at once", runs="ci")
@pytest.mark.parametrize("jump_s", [3600.0, -3600.0])
def test_a_clock_that_is_set_costs_one_more_snapshot_and_no_answer(node: Bitcoind, jump_s: float) -> None:
    generator = Generator(node)
    ahead = [0.0]
    with Following(node, clock=SteadyClock(lambda: time.time() + ahead[0])) as oracle:
        generator.pay(1500)
        oracle.wait_in_step()
        until(lambda: oracle.now.answer.price)
        resyncs = oracle.live.mempool.resyncs
        ahead[0] = jump_s
        until(lambda: oracle.live.mempool.resyncs > resyncs)
        oracle.wait_in_step()

        def fresh_again() -> bool:
            answer = oracle.now.answer
            return answer.price is not None and abs(answer.at - time.time() - jump_s) < 2

        until(fresh_again)
        generator.pay(100)
        oracle.wait_in_step()
        assert oracle.now.answer.price == pytest.approx(generator.price, rel=0.01)
        assert oracle.live.mempool.resyncs == resyncs + 1
