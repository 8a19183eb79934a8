"""The main loop of watch: every second, and faster during a change, it judges what is known and writes the snapshot."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections import deque
from collections.abc import Callable
from typing import Any

import psutil

from manage.catalog.drivers.options import threshold_values
from manage.catalog.drivers.read import declaration
from manage.errors import NodeyardError
from manage.health import drivers
from manage.health import snapshot as snapshots
from manage.health.drivers import DEADLINE_S
from manage.health.history import LastVerdict
from manage.health.model import Snapshot
from manage.health.watch import engine_report
from manage.health.watch.assemble import Observation, assemble_snapshot
from manage.health.watch.config import WatchConfig
from manage.health.watch.engine_report import EngineReport
from manage.health.watch.history_thread import HistoryThread
from manage.health.watch.prober import Prober
from manage.installation.layout import Layout

log = logging.getLogger(__name__)

EVERY_S = 1.0
CHANGE_EVERY_S = 0.25
"""Between two snapshots while the stack is being changed."""
FIRST_ROUND_S = DEADLINE_S + 0.5
"""How long the first snapshot waits until every service has been probed once: a verdict needs facts."""
LATE_OF = 60
"""The worst delay is reported over this many snapshots: a minute, when no change runs."""


class Watch:
    def __init__(self, config: WatchConfig, layout: Layout, clock: Callable[[], float] = time.time) -> None:
        """Raises NodeyardError when a service names a driver that does not exist."""
        self.snapshot: Snapshot | None = None
        self.history = HistoryThread(layout.watch_dir / "history.db")
        self._config = config
        self._layout = layout
        self._clock = clock
        self._probers = [Prober(target, drivers.load(target.driver), clock) for target in config.targets]
        self._max_engine_age_s = _max_engine_age_s(config)
        self._last: dict[str, LastVerdict] = {}
        self._seq = _last_seq(layout)
        self._late: deque[float] = deque(maxlen=LATE_OF)
        self._changing = False

    async def run(self, stop: asyncio.Event) -> None:
        """Run until `stop` is set. No fault of a service ends it."""
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
        """About watch itself: `late_s` is the worst delay of a snapshot in the last minute."""
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
            due = time.monotonic() + (CHANGE_EVERY_S if self._changing else EVERY_S)
            await self._make_snapshot()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), max(0.0, due - time.monotonic()))

    async def _make_snapshot(self) -> None:
        """Judge, write and record one snapshot. A full disk does not end watch: the old file shows that it is stale."""
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
        await self.history.record(self.snapshot)

    def _see_engine(self, now: float) -> EngineReport:
        report = engine_report.read(self._layout.engine_file, now, self._max_engine_age_s)
        self._changing = report.changing
        for prober in self._probers:
            prober.see_engine(report.state(prober.target.name), changing=report.changing)
        return report

    def _log_changes(self, snapshot: Snapshot) -> None:
        for status in snapshot.services:
            before = self._last.get(status.name)
            if before is None or before.verdict != status.verdict:
                was = before.verdict if before is not None else "not watched"
                log.info("%s: %s -> %s: %s", status.name, was, status.verdict, status.reason)
                self._last[status.name] = LastVerdict(status.verdict, status.since)


def _max_engine_age_s(config: WatchConfig) -> float:
    """The agent's threshold; its declared default when the stack has no agent."""
    own = [target.thresholds for target in config.targets if target.driver == "agent"]
    thresholds = own[0] if own else threshold_values(declaration("agent"), {})
    return thresholds["max_engine_age_s"]


def _last_seq(layout: Layout) -> int:
    """The number of the last snapshot of the previous watch process, 0 for none."""
    try:
        return snapshots.read(layout).seq
    except NodeyardError:
        return 0
