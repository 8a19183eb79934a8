"""The main loop of watch: every second, and faster during a change, it judges what is known and writes the snapshot."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import psutil

from manage.catalog.drivers.options import threshold_values
from manage.catalog.drivers.read import declaration
from manage.errors import NodeyardError
from manage.health import clock as clocks
from manage.health import disks, drivers
from manage.health import snapshot as snapshots
from manage.health.drivers import DEADLINE_S, Target
from manage.health.history import LastVerdict
from manage.health.model import ServiceStatus, Snapshot
from manage.health.watch import engine_report
from manage.health.watch.assemble import Observation, assemble_snapshot
from manage.health.watch.config import ConfigFile, WatchConfig
from manage.health.watch.engine_report import EngineReport
from manage.health.watch.history_thread import HistoryThread
from manage.health.watch.prober import Prober
from manage.installation.disk import measure
from manage.installation.layout import Layout

log = logging.getLogger(__name__)

Tasks = dict[str, "asyncio.Task[None]"]
"""Service -> the task that probes it."""

EVERY_S = 1.0
CHANGE_EVERY_S = 0.25
"""Between two snapshots while the stack is being changed."""
FIRST_ROUND_S = DEADLINE_S + 0.5
"""How long the first snapshot waits until every service has been probed once: a verdict needs facts."""
LATE_OF = 60
"""The worst delay is reported over this many snapshots: a minute, when no change runs."""


class Watch:
    def __init__(
        self,
        config: WatchConfig,
        layout: Layout,
        clock: Callable[[], float] = time.time,
        reload: ConfigFile | None = None,
        steady: Callable[[], float] = clocks.steady,
    ) -> None:
        """Raises NodeyardError when a service names a driver that does not exist."""
        self._steady = steady
        self._steps = clocks.Steps()
        self._write_fault = ""
        self._reload = reload
        self.snapshot: Snapshot | None = None
        self.history = HistoryThread(layout.history_file)
        self._config = config
        self._layout = layout
        self._clock = clock
        self._probers: list[Prober] = []
        self._probers = [self._prober(target) for target in config.targets]
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
                tasks = {prober.target.name: group.create_task(prober.run()) for prober in self._probers}
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(FIRST_ROUND_S):
                        for prober in self._probers:
                            await prober.probed.wait()
                await self._run_every_second(stop, group, tasks)
                for task in tasks.values():
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

    async def _run_every_second(self, stop: asyncio.Event, group: asyncio.TaskGroup, tasks: Tasks) -> None:
        due = time.monotonic()
        while not stop.is_set():
            self._follow_list(group, tasks)
            self._late.append(max(0.0, time.monotonic() - due))
            due = time.monotonic() + (CHANGE_EVERY_S if self._changing else EVERY_S)
            await self._make_snapshot()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), max(0.0, due - time.monotonic()))

    def _follow_list(self, group: asyncio.TaskGroup, tasks: Tasks) -> None:
        """Ask what a new watch.json lists. Services whose entry is the same keep their probes and facts.

        A list that cannot be used is reported in the log, and the earlier one stays in force.
        """
        try:
            config = self._reload.changed() if self._reload is not None else None
            if config is None:
                return
            probers = [self._prober(target) for target in config.targets]
        except NodeyardError as error:
            log.error("the list of services stays as it was: %s", error.message)
            return
        for prober in self._probers:
            if prober not in probers:
                tasks.pop(prober.target.name).cancel()
        for prober in probers:
            if prober not in self._probers:
                tasks[prober.target.name] = group.create_task(prober.run())
        self._config, self._probers = config, probers
        self._max_engine_age_s = _max_engine_age_s(config)
        self._last = {name: last for name, last in self._last.items() if name in tasks}
        log.info("watch.json has changed: %d services", len(probers))

    def _prober(self, target: Target) -> Prober:
        """The present one of an equal target, or a new one."""
        same = [prober for prober in self._probers if prober.target == target]
        return same[0] if same else Prober(target, drivers.load(target.driver), self._clock)

    async def _make_snapshot(self) -> None:
        """Judge, write and record one snapshot. On a full disk the file stays old; then readers ask at the socket.

        While times from before a change of the clock are about, no verdict can be judged: they stay as they were.
        """
        now, steady = self._clock(), self._steady()
        self._steps.see(now, steady)
        report = self._see_engine(now)
        observations = [
            Observation(prober.target, prober.driver, prober.record, report.state(prober.target.name))
            for prober in self._probers
        ]
        self._seq += 1
        fresh = assemble_snapshot(
            self._config,
            observations,
            report=report,
            last=self._last,
            seq=self._seq,
            now=now,
            disks=_disks(self._layout),
            clock=lambda services: self._see_clock(services, now),
        )
        before = self.snapshot if self._steps.settling(steady) else None
        self.snapshot = fresh if before is None else replace(before, seq=self._seq, as_of=now, host=fresh.host)
        self._log_changes(self.snapshot)
        self._write(self.snapshot)
        await self.history.record(self.snapshot)

    def _see_clock(self, services: Sequence[ServiceStatus], now: float) -> Mapping[str, Any]:
        return clocks.as_host(services, self._steps.last, clocks.synchronised(), now)

    def _write(self, snapshot: Snapshot) -> None:
        fault = ""
        try:
            snapshots.write(self._layout.snapshot_file, snapshot)
        except OSError as error:
            fault = str(error)
        if fault != self._write_fault:
            log.error("the snapshot cannot be written: %s", fault) if fault else log.info("it can be written again")
        self._write_fault = fault

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


def _disks(layout: Layout) -> list[dict[str, Any]]:
    """Of the installation, and of Docker's data, on which the root of every container lies (docker-facts 39)."""
    return disks.as_host(
        measure(path, name=name, writes=writes)
        for path, name, writes in ((layout.watch_dir, str(layout.dir), True), (Path("/"), disks.DOCKER, False))
    )


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
