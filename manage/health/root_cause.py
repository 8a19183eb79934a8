"""From a verdict to its root cause, with the evidence. Pure: it reads one snapshot."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from manage import words
from manage.errors import EXIT_USAGE, NodeyardError
from manage.health import disks, machine
from manage.health.model import ServiceStatus, Snapshot
from manage.health.snapshot import STALE_S

LOG_LINES = 8


def explain(snapshot: Snapshot, name: str, age_s: float = 0.0) -> dict[str, Any]:
    """`{"name", "verdict", "roots": [..], "path": [..], "evidence": [{"fact", "value", "age_s"} | {"log", "at"}]}`.

    `path` leads from `name` to the first root; `roots` is empty when nothing is wrong. `age_s` is in seconds at the
    time of the snapshot, `at` in unix seconds. The names "disk" and "clock" ask for the machine's; their answer has a
    "reason" too. Raises NodeyardError for an unknown name.

    A snapshot that was outdated `age_s` after it was made says nothing about any service: the root is then `watch`.
    """
    services = {service.name: service for service in snapshot.services}
    if name in machine.NAMES and name not in services:
        return _machine(snapshot, name)
    if name not in services:
        raise NodeyardError(
            f"There is no service {name} in this stack.",
            words.suggestion(name, [*services, *machine.NAMES]),
            exit_code=EXIT_USAGE,
        )
    if age_s > STALE_S:
        return _silence(services, snapshot, name, age_s)
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


def _silence(services: dict[str, ServiceStatus], snapshot: Snapshot, name: str, age_s: float) -> dict[str, Any]:
    """`watch` does not report: the last verdict of `name`, and what was known of watch."""
    known = evidence(services["watch"], snapshot.as_of) if "watch" in services else []
    age = {"fact": "last_report", "value": round(age_s, 1), "age_s": 0.0, "unit": "s old", "service": "watch"}
    return {
        "name": name,
        "verdict": services[name].verdict,
        "roots": ["watch"],
        "path": list(dict.fromkeys((name, "watch"))),
        "evidence": [age, *known],
    }


def _machine(snapshot: Snapshot, name: str) -> dict[str, Any]:
    judged = machine.judged(snapshot.host, name)
    if judged is None:
        raise NodeyardError(
            f"Nobody has reported the state of the {name} yet.", f"Try again in a few seconds: manage why {name}"
        )
    facts = _disk_facts(snapshot.host) if name == "disk" else _clock_facts(snapshot.host)
    return {
        "name": name,
        "verdict": judged.verdict,
        "roots": [] if judged.verdict == "healthy" else [name],
        "path": [name],
        "reason": judged.sentences,
        "evidence": [{"fact": fact, "value": value, "age_s": 0.0, "unit": unit} for fact, value, unit in facts],
    }


def _disk_facts(host: Mapping[str, Any]) -> Iterator[tuple[str, Any, str]]:
    for fact in ("disk_free_bytes", "disk_total_bytes"):
        if fact in host:
            yield fact, host[fact], "bytes"
    for disk in disks.of_host(host) if "disks" in host else ():
        yield f"{disk.folder}: free", disk.free_bytes, "bytes"
        yield f"{disk.folder}: size", disk.total_bytes, "bytes"
        if disk.total_files:
            yield f"{disk.folder}: free inodes", disk.free_files, ""
        yield f"{disk.folder}: read-only", disk.read_only, ""


def _clock_facts(host: Mapping[str, Any]) -> Iterator[tuple[str, Any, str]]:
    clock = host["clock"]
    if clock.get("witness"):
        yield "ahead of the chain", clock.get("ahead_s"), "s"
        yield "according to", clock["witness"], ""
    else:
        yield "ahead of the chain", "not compared: no chain tells the time yet", ""
    yield "synchronised by a time service", clock.get("synchronised"), ""
    if "set_at" in clock:
        yield "set forward by", clock.get("set_by_s"), "s"
        yield "set at", clock["set_at"], "unix"
