"""How often watch probes: more often while the stack is being changed, from the moment the change is seen."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest

from manage.health.drivers import Memory, Target
from manage.health.model import EngineState, Fact, Judgement
from manage.health.watch import engine_report, prober
from manage.health.watch.prober import Prober


class Counting:
    """A driver that counts its probes."""

    def __init__(self) -> None:
        self.probes: asyncio.Queue[None] = asyncio.Queue()

    async def probe(self, _target: Target, _memory: Memory) -> tuple[Fact, ...]:
        self.probes.put_nowait(None)
        return ()

    def judge(self, *_arguments: object) -> Judgement:
        raise AssertionError("not judged here")


def test_a_change_wakes_a_prober_that_sleeps_and_keeps_it_fast(
    target: Callable[..., Target], running: EngineState, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(prober, "PERIOD_S", 3600.0)
    monkeypatch.setattr(prober, "CHANGE_PERIOD_S", 0.001)
    asyncio.run(_sleeping_then_changing(target("kaspad"), running))


async def _sleeping_then_changing(service: Target, running: EngineState) -> None:
    driver = Counting()
    probing = Prober(service, driver)
    probing.see_engine(running)
    task = asyncio.create_task(probing.run())
    try:
        await asyncio.wait_for(driver.probes.get(), 10)
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(driver.probes.get(), 0.05)
        probing.see_engine(running, changing=True)
        for _ in range(3):
            await asyncio.wait_for(driver.probes.get(), 10)
    finally:
        task.cancel()


@pytest.mark.parametrize(("operation", "changing"), [(None, False), ({"kind": "up", "by": "ann", "since": 5.0}, True)])
def test_the_report_says_whether_the_stack_is_being_changed(operation: object, changing: bool) -> None:
    document = {"version": 1, "as_of": 1.0, "operation": operation, "services": {}}
    assert engine_report.parse(document).changing is changing
