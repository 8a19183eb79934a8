"""What the agent samples for `engine.json`: state, memory and CPU use, and the log lines that verdicts need."""

from __future__ import annotations

import time
from collections.abc import Collection, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

from nodeclients.links import ENGINE

from manage.engine import facts, threads
from manage.engine.client import Api, connect
from manage.engine.log_evidence import LogEvidence
from manage.engine.memory_kills import MemoryKills
from manage.engine.model import ContainerFacts
from manage.engine.reader import EngineRefused, Reader
from manage.installation import intent
from manage.installation.identity import Installation
from manage.installation.layout import Layout

STATS_EVERY_S = 5.0


@dataclass
class _Previous:
    """What the next sample of a service needs from the previous ones."""

    evidence: LogEvidence
    container_id: str = ""
    cpu: tuple[int, int] = (0, 0)
    """Nanoseconds of CPU time: the container's, the machine's."""
    use: dict[str, float] = field(default_factory=dict)


class Observer:
    """Samples the containers of one installation. Not thread-safe."""

    def __init__(
        self,
        layout: Layout,
        installation: Installation,
        patterns: Mapping[str, Sequence[str]],
        manager: Collection[str] = (),
    ) -> None:
        """`patterns`: the log patterns of every service that should exist; `manager`: the services of the manager's
        project, which `manage down` leaves running."""
        self._layout = layout
        self._installation = installation
        self._names = frozenset(patterns)
        self._engine = Reader(timeout_s=ENGINE.deadline_s)
        self._manager = frozenset(manager)
        self._previous = {name: _Previous(LogEvidence(texts)) for name, texts in patterns.items()}
        self._stats_at = float("-inf")
        self._kills = MemoryKills()

    def sample(self) -> dict[str, Any]:
        """`{"services": {NAME: EngineState fields}, "host": {...}}` as in docs/architecture.md.

        Raises NodeyardError if the engine does not answer.
        """
        now = time.time()
        with_stats = time.monotonic() - self._stats_at >= STATS_EVERY_S
        with connect(timeout_s=ENGINE.deadline_s) as api:
            current = {
                container.service: container
                for container in facts.containers(api, self._installation)
                if container.installation == self._installation.id and container.service
            }
            with ThreadPoolExecutor(threads.PARALLEL, thread_name_prefix="sample") as pool:
                list(pool.map(lambda container: self._observe(api, container, with_stats), current.values()))
        self._kills.read(self._engine, self._installation, now)
        if with_stats:
            self._stats_at = time.monotonic()
        wanted = intent.is_up(self._layout)
        names = sorted({*self._names, *current})
        return {
            "services": {name: self._state(name, current.get(name), now, wanted) for name in names},
            "host": host(self._layout),
        }

    def _observe(self, api: Api, container: ContainerFacts, with_stats: bool) -> None:
        from docker.errors import APIError

        previous = self._previous.setdefault(container.service, _Previous(LogEvidence(())))
        if previous.container_id != container.id:
            previous.container_id, previous.cpu, previous.use = container.id, (0, 0), {}
        try:
            if container.state == "running" and with_stats:
                self._stats(api, container, previous)
            previous.evidence.read(self._engine, container.id)
        except (APIError, EngineRefused) as error:
            # The container was removed after it was listed; the next sample shows that. Other errors are the engine's.
            if error.status_code not in (404, 409):
                raise

    def _stats(self, api: Api, container: ContainerFacts, previous: _Previous) -> None:
        from docker.errors import APIError

        try:
            document = api.stats(container.id, stream=False, one_shot=True)
        except (APIError, ValueError):
            # Engine 29 on cgroup v1 has none ("no metrics received"), and the answer for a container that ends at this
            # moment is empty (no JSON): the use is unknown, but the state is valid.
            previous.use = {}
            return
        previous.use = {"memory_bytes": used_memory(document), "cpu_percent": cpu_percent(document, previous.cpu)}
        previous.cpu = cpu_times(document)

    def _state(self, name: str, container: ContainerFacts | None, now: float, wanted: bool) -> dict[str, Any]:
        previous = self._previous.get(name, _Previous(LogEvidence(())))
        known = {
            "at": now,
            "desired": wanted or name in self._manager,
            "log": [list(entry) for entry in previous.evidence.lines],
        }
        if container is None:
            return {"state": "absent", **known}
        return {
            "state": container.state,
            "started_at": container.started_at,
            "restarts": container.restarts,
            "exit_code": container.exit_code,
            "oom_killed": container.oom_killed,
            "memory_limit": container.memory_bytes,
            "memory_kills": self._kills.of(container.id, now),
            **previous.use,
            **known,
        }


def used_memory(document: Mapping[str, Any]) -> int:
    """Bytes without the page cache, which can be freed at any time, as `docker stats` counts them.

    cgroup v1 and v2 have different names for the cache.
    Source: docker/cli cli/command/container/stats_helpers.go, calculateMemUsageUnixNoCache.
    """
    memory = document.get("memory_stats") or {}
    usage, detail = memory.get("usage") or 0, memory.get("stats") or {}
    cache = detail.get("total_inactive_file", detail.get("inactive_file", 0))
    return int(usage - cache) if cache < usage else int(usage)


def cpu_times(document: Mapping[str, Any]) -> tuple[int, int]:
    """Nanoseconds of CPU time: the container's, the machine's."""
    cpu = document.get("cpu_stats") or {}
    return (cpu.get("cpu_usage") or {}).get("total_usage") or 0, cpu.get("system_cpu_usage") or 0


def cpu_percent(document: Mapping[str, Any], before: tuple[int, int]) -> float:
    """Per cent of one CPU since `before`; 0.0 the first time (a one-shot answer contains no earlier value)."""
    used, machine = cpu_times(document)
    if not before[1] or machine <= before[1]:
        return 0.0
    processors = (document.get("cpu_stats") or {}).get("online_cpus") or 1
    return round((used - before[0]) / (machine - before[1]) * processors * 100, 1)


def host(layout: Layout) -> dict[str, float]:
    """The machine: bytes of disk (of the installation's folder) and memory, per cent of all CPUs, load."""
    import psutil

    disk = psutil.disk_usage(str(layout.dir))
    memory = psutil.virtual_memory()
    return {
        "disk_free_bytes": disk.free,
        "disk_total_bytes": disk.total,
        "memory_bytes": memory.total - memory.available,
        "memory_total_bytes": memory.total,
        "cpu_percent": psutil.cpu_percent(interval=None),
        "load_1": round(psutil.getloadavg()[0], 2),
    }
