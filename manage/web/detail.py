"""From a snapshot and its `why` to what a service's page shows. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from manage import words
from manage.access import roles
from manage.access.roles import Role
from manage.health.model import ServiceStatus, Snapshot
from manage.web import clocks
from manage.web.history import Strips
from manage.web.present import STALE_S, Act, Feed, true_as_of
from manage.web.shapes import Strip, strip


@dataclass(frozen=True)
class Evidence:
    """One measured thing in words, with its age."""

    service: str
    name: str
    value: str
    age: str


@dataclass(frozen=True)
class LogLine:
    service: str
    at: float
    text: str


@dataclass(frozen=True)
class Detail:
    feed: Feed
    corner: str
    age_s: float
    status: ServiceStatus
    word: str
    lasted: str
    title: str
    headline: str
    urgent: bool
    """Its first act is what one would do now."""
    roots: tuple[str, ...]
    """Whom to look at, when it is not this service itself."""
    path: tuple[str, ...]
    facts: tuple[Evidence, ...]
    log: tuple[LogLine, ...]
    waits_for: tuple[str, ...]
    waited_on_by: tuple[str, ...]
    strip: Strip
    acts: tuple[Act, ...]


def detail(
    snapshot: Snapshot,
    answer: Mapping[str, Any],
    strips: Strips,
    *,
    now: float,
    role: Role,
    agent_answers: bool,
) -> Detail:
    """`answer` is `manage.health.root_cause.explain(snapshot, name)`; `now` in unix seconds."""
    status = next(service for service in snapshot.services if service.name == answer["name"])
    age = max(0.0, now - snapshot.as_of)
    stale = age > STALE_S
    roots = tuple(root for root in answer["roots"] if root != status.name)
    return Detail(
        feed="stale" if stale else "fresh",
        corner=f"no news for {clocks.whole(age)}" if stale else true_as_of(age),
        age_s=age,
        status=status,
        word=f"was {status.verdict}" if stale else status.verdict,
        lasted=clocks.whole(snapshot.as_of - status.since),
        title=f"{status.name}: no news" if stale else f"{status.name} {status.verdict}",
        headline=_headline(status),
        urgent=status.verdict in ("down", "degraded", "disabled"),
        roots=roots,
        path=tuple(answer["path"]) if len(answer["path"]) > 1 else (),
        facts=tuple(_fact(item, status.name, now - snapshot.as_of) for item in answer["evidence"] if "fact" in item),
        log=tuple(
            LogLine(item.get("service", status.name), float(item["at"]), str(item["log"]))
            for item in answer["evidence"]
            if "log" in item
        ),
        waits_for=status.waits_for,
        waited_on_by=tuple(other.name for other in snapshot.services if status.name in other.waits_for),
        strip=strip(strips.get(status.name, ()), snapshot.as_of),
        acts=_acts(status, role, may_act=agent_answers and not stale),
    )


def shown(value: object, unit: str) -> str:
    """A fact's value as people read it: 1310000000 bytes -> "1.31 GB", 92481230 -> "92 481 230"."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int | float) and unit in ("bytes", "B"):
        return words.size(value)
    if isinstance(value, int | float) and (unit == "s" or unit.startswith("s ")):  # "s", "s old"
        return f"{words.duration(value)}{unit[1:]}"
    if isinstance(value, list | tuple):
        return ", ".join(shown(item, "") for item in value) or "none"
    if isinstance(value, Mapping):
        return ", ".join(f"{key} {shown(item, '')}" for key, item in value.items()) or "none"
    text = words.number(value) if isinstance(value, int) else f"{value:.6g}" if isinstance(value, float) else str(value)
    return f"{text} {unit}".rstrip() if value is not None else "not known"


def _headline(status: ServiceStatus) -> str:
    if status.verdict == "waiting" and status.reason.startswith("for "):
        return f"{status.name} waits {status.reason}"
    return f"{status.name}: {status.reason}"


def _fact(item: Mapping[str, Any], own: str, snapshot_age: float) -> Evidence:
    return Evidence(
        service=str(item.get("service", own)),
        name=str(item["fact"]).replace("_", " "),
        value=shown(item["value"], str(item.get("unit", ""))),
        age=words.duration(float(item["age_s"]) + max(0.0, snapshot_age)),
    )


def _acts(status: ServiceStatus, role: Role, *, may_act: bool) -> tuple[Act, ...]:
    acts = []
    if may_act and status.group != "manager" and roles.may(role, "operator"):
        if status.verdict == "disabled":
            acts.append(Act("Start the stack…", "acts.plan", {"verb": "up"}))
        else:
            acts.append(Act(f"Restart {status.name}…", "acts.plan", {"verb": "restart", "service": status.name}))
    return (*acts, Act("Show the log", "logs.page", {"name": status.name}))
