"""Probes one service periodically and keeps its last answer."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import Callable
from dataclasses import replace

from manage.health import door
from manage.health.drivers import CHANGE_PERIOD_S, DEADLINE_S, PERIOD_S, Driver, Memory, ProbeFault, Target
from manage.health.model import EngineState
from manage.health.verdict import Record

log = logging.getLogger(__name__)

NOT_PROBED = frozenset({"paused", "exited", "absent", "created", "dead"})
"""States in which a probe could only time out; the container's state decides alone."""


class Prober:
    """The probes of one service in a task of its own, so that a slow service does not delay the others."""

    def __init__(self, target: Target, driver: Driver, clock: Callable[[], float] = time.time) -> None:
        self.target = target
        self.driver = driver
        self.record = Record(watched_since=clock())
        self.probed = asyncio.Event()
        """Set when the first probe has ended."""
        self._memory = Memory()
        self._clock = clock
        self._unexpected = ""
        self._period_s = PERIOD_S
        self._wake = asyncio.Event()

    def see_engine(self, engine: EngineState, *, changing: bool = False) -> None:
        """Note the container's newest state. Answers from before its start are dropped.

        `changing`: the stack is being changed, so probe more often, beginning now.
        """
        if engine.started_at > self.record.answered_at:
            self._memory.facts = ()
        self._memory.engine = engine
        period_s = CHANGE_PERIOD_S if changing else PERIOD_S
        if period_s < self._period_s:
            self._wake.set()
        self._period_s = period_s

    async def run(self) -> None:
        """Probe until cancelled."""
        try:
            while True:
                began = time.monotonic()
                if self._memory.engine.state not in NOT_PROBED:
                    await self.probe()
                self.probed.set()
                await self._pause(max(0.05, self._period_s - (time.monotonic() - began)))
        finally:
            with contextlib.suppress(Exception):
                await self._memory.release()

    async def _pause(self, seconds: float) -> None:
        """Until the next probe is due, or the stack begins to be changed."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._wake.wait()
        self._wake.clear()

    async def probe(self) -> None:
        """One probe within its deadline; a failed one keeps the earlier facts and notes the fault."""
        began = self._clock()
        try:
            async with asyncio.timeout(DEADLINE_S):
                facts = await self.driver.probe(self.target, self._memory)
        except ProbeFault as fault:
            self._failed(str(fault))
        except TimeoutError:
            self._failed(f"no answer within {DEADLINE_S:g} s")
        except Exception as fault:
            self._failed(f"unexpected answer ({type(fault).__name__}: {fault})")
            if self.record.fault != self._unexpected:
                self._unexpected = self.record.fault
                log.exception("%s: %s", self.target.name, self.record.fault)
        else:
            self._memory.facts, self._memory.interrupted = facts, False
            self.record = replace(self.record, facts=facts, answered_at=began, fault="")
            self._note_door(await door.fault(self.target))

    def _note_door(self, fault: str) -> None:
        since = self.record.door_since if self.record.door_fault else self._clock()
        self.record = replace(self.record, door_fault=fault, door_since=since if fault else 0.0)

    def _failed(self, fault: str) -> None:
        self._memory.interrupted = True
        self.record = replace(self.record, fault=fault, failed_at=self._clock())
