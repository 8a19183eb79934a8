"""What a service's page shows, from a snapshot and its `why`. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from manage.access import roles
from manage.access.roles import Role
from manage.health.model import ServiceStatus, Snapshot
from manage.immutable import dataclass
from manage.web import actions, freshness, times
from manage.web.actions import Action
from manage.web.freshness import Freshness
from manage.web.history import History
from manage.web.pages.service.evidence import Fact, LogLine, facts, log_lines
from manage.web.timeline import Timeline, timeline_of


@dataclass(frozen=True)
class ServiceView:
    freshness: Freshness
    as_of: str
    """Time of the snapshot."""
    status: ServiceStatus
    word: str
    """The verdict as text: "healthy", or "was healthy" when the snapshot is old."""
    lasted: str
    title: str
    headline: str
    is_urgent: bool
    """The first button is what to do now."""
    causes: tuple[str, ...]
    """The services at fault, if it is not this one."""
    path: tuple[str, ...]
    """How the fault gets here: each service waits for the next."""
    facts: tuple[Fact, ...]
    log: tuple[LogLine, ...]
    waits_for: tuple[str, ...]
    waited_on_by: tuple[str, ...]
    timeline: Timeline
    actions: tuple[Action, ...]


def service_view(
    snapshot: Snapshot, why: Mapping[str, Any], history: History, *, now: float, role: Role, agent_answers: bool
) -> ServiceView:
    """`why` is `manage.health.why.why(snapshot, name)`; `now` in unix seconds."""
    status = next(service for service in snapshot.services if service.name == why["name"])
    age = freshness.of_snapshot(snapshot.as_of, now)
    stale = age.state == "stale"
    return ServiceView(
        freshness=age,
        as_of=times.utc(snapshot.as_of),
        status=status,
        word=f"was {status.verdict}" if stale else status.verdict,
        lasted=times.duration(snapshot.as_of - status.since),
        title=f"{status.name}: no data" if stale else f"{status.name} {status.verdict}",
        headline=_headline(status),
        is_urgent=status.verdict in ("down", "degraded", "disabled"),
        causes=tuple(cause for cause in why["roots"] if cause != status.name),
        path=tuple(why["path"]) if len(why["path"]) > 1 else (),
        facts=facts(why["evidence"], status.name, age.age_s),
        log=log_lines(why["evidence"], status.name),
        waits_for=status.waits_for,
        waited_on_by=tuple(other.name for other in snapshot.services if status.name in other.waits_for),
        timeline=timeline_of(history.get(status.name, ()), snapshot.as_of),
        actions=_actions(status, may_change=agent_answers and not stale and roles.may(role, "operator")),
    )


def _headline(status: ServiceStatus) -> str:
    if status.verdict == "waiting" and status.reason.startswith("for "):
        return f"{status.name} waits {status.reason}"
    return f"{status.name}: {status.reason}"


def _actions(status: ServiceStatus, *, may_change: bool) -> tuple[Action, ...]:
    log = actions.show_log(status.name)
    if not may_change or status.group == "manager":
        return (log,)
    return (actions.START if status.verdict == "disabled" else actions.restart(status.name), log)
