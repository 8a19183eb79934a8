"""Writes snapshot.json as watch does, judging by the engine's state alone.

The gate reads what watch wrote. A real watch needs its image, the manager's project and probes of real services, which
other tests have; here the subject is what `apply` does with an engine, so a thread tells what watch would tell.
"""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Iterator, Mapping

from manage.engine import facts
from manage.engine.client import connect
from manage.health import snapshot as snapshots
from manage.health.model import ServiceStatus, Snapshot, VerdictName
from manage.installation import identity
from manage.installation.layout import Layout


@contextlib.contextmanager
def watching(layout: Layout, verdicts: Mapping[str, VerdictName] | None = None) -> Iterator[None]:
    """Snapshots of the installation's containers, a few a second: running is healthy, unless `verdicts` says else."""
    stop = threading.Event()
    thread = threading.Thread(target=_watch, args=(layout, dict(verdicts or {}), stop))
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


def _watch(layout: Layout, verdicts: Mapping[str, VerdictName], stop: threading.Event) -> None:
    installation = identity.read(layout)
    number = 0
    with connect() as api:
        while not stop.is_set():
            now, number = time.time(), number + 1
            found = facts.containers(api, installation)
            services = tuple(_status(container.service, container.state, now, verdicts) for container in found)
            snapshots.write(layout.snapshot_file, Snapshot(1, number, now, "test", "private", "", "", services))
            stop.wait(0.2)


def _status(name: str, state: str, now: float, verdicts: Mapping[str, VerdictName]) -> ServiceStatus:
    verdict = verdicts.get(name, "healthy") if state == "running" else "down"
    return ServiceStatus(
        name, name, "services", verdict, f"its container is {state}", now, (), (), {}, answered_at=now, engine_at=now
    )
