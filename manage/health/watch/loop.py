"""The beat of watch: every second it looks at what is known, judges and writes the snapshot."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections import deque
from collections.abc import Callable
from typing import Any

import psutil

from manage.errors import NodeyardError
from manage.health import drivers
from manage.health import snapshot as snapshots
from manage.health.drivers import DEADLINE_S
from manage.health.history import Last
from manage.health.model import Snapshot
from manage.health.probes.agent import MAX_ENGINE_AGE_S
from manage.health.watch import engine_report
from manage.health.watch.assemble import Observation, assemble_snapshot
from manage.health.watch.config import WatchConfig
from manage.health.watch.engine_report import EngineReport
from manage.health.watch.history_thread import HistoryThread
from manage.health.watch.prober import Prober
from manage.installation.layout import Layout

log = logging.getLogger(__name__)

EVERY_S = 1.0
FIRST_ROUND_S = DEADLINE_S + 0.5
"""How long the first snapshot waits for every service to have been asked once: a verdict needs facts."""
LATE_OF = 60
"""Over so many snapshots the worst delay is told."""


class Watch:
    def __init__(self, config: WatchConfig, layout: Layout, clock: Callable[[], float] = time.time) -> None:
        """Raises NodeyardError when a service names a driver that is not there."""
        self.snapshot: Snapshot | None = None
        self.history = HistoryThread(layout.watch_dir / "history.db")
        self._config = config
        self._layout = layout
        self._clock = clock
        self._probers = [Prober(target, drivers.load(target.driver), clock) for target in config.targets]
        self._max_engine_age_s = next(
            (
                target.thresholds.get("max_engine_age_s", MAX_ENGINE_AGE_S)
                for target in config.targets
                if target.driver == "agent"
            ),
            MAX_ENGINE_AGE_S,
        )
        self._last: dict[str, Last] = {}
        self._seq = _last_seq(layout)
        self._late: deque[float] = deque(maxlen=LATE_OF)

    async def run(self, stop: asyncio.Event) -> None:
        """Until `stop` is set. Nothing that a service does ends it."""
        self._last = await self.history.open()
        self._see_engine(self._clock())
        try:
            async with asyncio.TaskGroup() as group:
                tasks = [group.create_task(prober.run()) for prober in self._probers]
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(FIRST_ROUND_S):
                        for prober in self._probers:
                            await prober.probed.wait()
                await self._run_every_second(stop)
                for task in tasks:
                    task.cancel()
        finally:
            await self.history.close()

    def status(self) -> dict[str, Any]:
        """Of watch itself: `late_s` is the worst delay of a snapshot in the last minute."""
        return {
            "services": len(self._probers),
            "late_s": max(self._late, default=0.0),
            "history_fault": self.history.fault,
            "memory_bytes": psutil.Process().memory_info().rss,
        }

    async def _run_every_second(self, stop: asyncio.Event) -> None:
        due = time.monotonic()
        while not stop.is_set():
            self._late.append(max(0.0, time.monotonic() - due))
            due = time.monotonic() + EVERY_S
            await self._make_snapshot()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), max(0.0, due - time.monotonic()))

    async def _make_snapshot(self) -> None:
        """One snapshot: judge, write, keep. A full disk ends nothing: the file grows old, and everyone sees it."""
        now = self._clock()
        report = self._see_engine(now)
        observations = [
            Observation(prober.target, prober.driver, prober.record, report.state(prober.target.name))
            for prober in self._probers
        ]
        self._seq += 1
        self.snapshot = assemble_snapshot(
            self._config, observations, report=report, last=self._last, seq=self._seq, now=now
        )
        self._log_changes(self.snapshot)
        try:
            snapshots.write(self._layout.snapshot_file, self.snapshot)
        except OSError as fault:
            log.error("the snapshot cannot be written: %s", fault)
        await self.history.note(self.snapshot)

    def _see_engine(self, now: float) -> EngineReport:
        report = engine_report.read(self._layout.engine_file, now, self._max_engine_age_s)
        for prober in self._probers:
            prober.see_engine(report.state(prober.target.name))
        return report

    def _log_changes(self, snapshot: Snapshot) -> None:
        for status in snapshot.services:
            before = self._last.get(status.name)
            if before is None or before.verdict != status.verdict:
                was = before.verdict if before is not None else "not watched"
                log.info("%s: %s -> %s: %s", status.name, was, status.verdict, status.reason)
                self._last[status.name] = Last(status.verdict, status.since)


def _last_seq(layout: Layout) -> int:
    """Numbers go on where the watch before us stopped."""
    try:
        return snapshots.read(layout).seq
    except NodeyardError:
        return 0
