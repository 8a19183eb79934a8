"""Assembles the snapshot from records and engine states; the pure parts meet here. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from itertools import islice
from typing import Any

from manage import words
from manage.health import memory, rules, verdict
from manage.health.dependencies import resolve
from manage.health.drivers import Driver, Target
from manage.health.history import LastVerdict
from manage.health.machine import troubles
from manage.health.model import EngineState, Fact, Judgement, ServiceStatus, Snapshot
from manage.health.snapshot import VERSION
from manage.health.summary import sentence
from manage.health.verdict import Record
from manage.health.watch.config import WatchConfig
from manage.health.watch.engine_report import EngineReport
from manage.immutable import dataclass

MAX_TEXT = 1000
"""Characters of a reason, a headline or a fact."""
MAX_ITEMS = 100
"""Of a fact that is a list or a mapping."""


@dataclass(frozen=True)
class Observation:
    """All that is known about one service at one time."""

    target: Target
    driver: Driver
    record: Record
    engine: EngineState


def assemble_snapshot(
    config: WatchConfig,
    observations: Sequence[Observation],
    *,
    report: EngineReport,
    last: Mapping[str, LastVerdict],
    seq: int,
    now: float,
    disks: Sequence[Mapping[str, Any]] = (),
    clock: Callable[[Sequence[ServiceStatus]], Mapping[str, Any]] = lambda _services: {},
) -> Snapshot:
    """The snapshot at `now`; `last` holds the previous verdict of each service.

    `disks` and `clock`, which follows from the services, become parts of the snapshot's `host`.
    """
    own = {
        seen.target.name: verdict.judge(seen.target, seen.driver, seen.record, seen.engine, now)
        for seen in observations
    }
    judged = resolve(own, {seen.target.name: seen.target.needs for seen in observations})
    services = tuple(_status(seen, judged[seen.target.name], last.get(seen.target.name), now) for seen in observations)
    host = {**report.host, "disks": list(disks), "clock": clock(services)}
    line, detail = sentence(services, troubles(host))
    return Snapshot(VERSION, seq, now, config.name, config.network, line, detail, services, host)


def _status(seen: Observation, judged: Judgement, last: LastVerdict | None, now: float) -> ServiceStatus:
    return ServiceStatus(
        name=seen.target.name,
        title=seen.target.title,
        group=seen.target.group,
        verdict=judged.verdict,
        reason=_short(judged.reason),
        since=last.since if last is not None and last.verdict == judged.verdict else now,
        waits_for=judged.waits_for,
        facts=tuple(map(_with_short_value, (*seen.record.facts, *_engine_facts(seen, now)))),
        checks=judged.checks,
        log=seen.engine.log,
        headline=_short(judged.headline),
        answered_at=seen.record.answered_at,
        engine_at=seen.engine.at,
    )


def _short(text: str) -> str:
    """What a service says of itself, so that none makes the snapshot of all too large, or controls a terminal."""
    return words.plain(text[:MAX_TEXT])


def _with_short_value(fact: Fact) -> Fact:
    return replace(fact, value=_bounded(fact.value))


def _bounded(value: Any) -> Any:
    """A fact's value as every reader of the snapshot can take it, whatever the service answered."""
    if isinstance(value, str):
        return _short(value)
    if isinstance(value, Mapping):
        return {_short(str(key)): _bounded(item) for key, item in islice(value.items(), MAX_ITEMS)}
    if isinstance(value, list | tuple):
        return [_bounded(item) for item in value[:MAX_ITEMS]]
    return rules.plain(value)


def _engine_facts(seen: Observation, now: float) -> tuple[Fact, ...]:
    """What the engine and the prober add to the evidence."""
    engine, facts = seen.engine, []
    if engine.state != "unknown":
        facts = [Fact("container", engine.state, engine.at), Fact("restarts", engine.restarts, engine.at)]
    if engine.memory_bytes:
        facts.append(Fact("container_memory", engine.memory_bytes, engine.at, "bytes"))
        facts.append(Fact("container_cpu", round(engine.cpu_percent, 1), engine.at, "%"))
    if kills := memory.kills(engine, now):
        facts.append(Fact("memory", kills, engine.at))
    if seen.record.fault:
        facts.append(Fact("fault", seen.record.fault, seen.record.failed_at))
    return tuple(facts)
