"""From a verdict to its root cause, with the evidence. Pure: it reads one snapshot."""

from __future__ import annotations

import difflib
from typing import Any

from manage.errors import EXIT_USAGE, NodeyardError
from manage.health.model import ServiceStatus, Snapshot, VerdictName

LOG_LINES = 8
DISK_LOW = 0.10
DISK_OUT = 0.02
"""Free shares of a disk below which `disk` is degraded and down. Our choice: the database and the chain nodes stop when
the disk is full, and two per cent leave little time to act."""


def explain(snapshot: Snapshot, name: str) -> dict[str, Any]:
    """`{"name", "verdict", "roots": [..], "path": [..], "evidence": [{"fact", "value", "age_s"} | {"log", "at"}]}`.

    `path` leads from `name` to the first root; `roots` is empty when nothing is wrong. `age_s` is in seconds at the
    time of the snapshot, `at` in unix seconds. The name "disk" asks for the host's disk. Raises NodeyardError for an
    unknown name.
    """
    if name == "disk":
        return _disk(snapshot)
    services = {service.name: service for service in snapshot.services}
    if name not in services:
        raise NodeyardError(
            f"There is no service {name} in this stack.", _suggest(name, [*services, "disk"]), exit_code=EXIT_USAGE
        )
    paths = _paths(services, name)
    blamed = [path[-1] for path in paths]
    wrong = services[name].verdict not in ("healthy", "disabled")
    return {
        "name": name,
        "verdict": services[name].verdict,
        "roots": list(dict.fromkeys(blamed)) if wrong else [],
        "path": list(paths[0]),
        "evidence": [item for root in dict.fromkeys(blamed) for item in evidence(services[root], snapshot.as_of)],
    }


def evidence(status: ServiceStatus, as_of: float) -> list[dict[str, Any]]:
    """The facts behind a verdict with their age in seconds, then the last log lines."""
    facts = [
        {
            "fact": fact.name,
            "value": fact.value,
            "age_s": round(max(0.0, as_of - fact.at), 1),
            "unit": fact.unit,
            "service": status.name,
        }
        for fact in status.facts
    ]
    lines = [{"log": line, "at": at, "service": status.name} for at, line in status.log[-LOG_LINES:]]
    return [*facts, *lines]


def _paths(services: dict[str, ServiceStatus], name: str) -> list[tuple[str, ...]]:
    """Every path along `waits_for` to a service that waits for none; a cycle ends where it would close."""
    ends: list[tuple[str, ...]] = []
    open_paths: list[tuple[str, ...]] = [(name,)]
    while open_paths:
        path = open_paths.pop(0)
        further = [other for other in services[path[-1]].waits_for if other in services and other not in path]
        if further:
            open_paths.extend((*path, other) for other in further)
        else:
            ends.append(path)
    return ends


def _disk(snapshot: Snapshot) -> dict[str, Any]:
    free, total = snapshot.host.get("disk_free_bytes"), snapshot.host.get("disk_total_bytes")
    if not free and not total:
        raise NodeyardError(
            "The agent has not reported the state of the disk yet.", "Try again in a few seconds: manage why disk"
        )
    share = float(free or 0) / float(total or 1)
    verdict: VerdictName = "down" if share < DISK_OUT else "degraded" if share < DISK_LOW else "healthy"
    return {
        "name": "disk",
        "verdict": verdict,
        "roots": [] if verdict == "healthy" else ["disk"],
        "path": ["disk"],
        "evidence": [
            {"fact": fact, "value": snapshot.host[fact], "age_s": 0.0, "unit": "bytes"}
            for fact in ("disk_free_bytes", "disk_total_bytes")
            if fact in snapshot.host
        ],
    }


def _suggest(name: str, names: list[str]) -> str:
    close = difflib.get_close_matches(name, names, n=1)
    return f"Did you mean {close[0]}?" if close else f"There are: {', '.join(names)}"
