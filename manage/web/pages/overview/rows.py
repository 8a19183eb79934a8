"""The table of the overview: one row per service, in groups."""

from __future__ import annotations

from manage.health.model import ServiceStatus, VerdictName
from manage.immutable import dataclass
from manage.web import times
from manage.web.history import History
from manage.web.timeline import Timeline, timeline_of

GROUPS = (("chains", "Chains"), ("data", "Data"), ("services", "Services"), ("manager", "Manager"))


@dataclass(frozen=True)
class Row:
    name: str
    title: str
    verdict: VerdictName
    word: str
    """The verdict as text: "healthy", or "was healthy" when the snapshot is old."""
    reason: str
    since: float
    lasted: str
    timeline: Timeline


@dataclass(frozen=True)
class Group:
    label: str
    rows: tuple[Row, ...]


def groups(services: tuple[ServiceStatus, ...], history: History, as_of: float, *, stale: bool) -> tuple[Group, ...]:
    """The groups that have services: the known ones in their order, then any others."""
    known = {key for key, _ in GROUPS}
    others = sorted({service.group for service in services} - known)
    found = (
        Group(label, tuple(_row(one, history, as_of, stale=stale) for one in services if one.group == key))
        for key, label in (*GROUPS, *((key, key.capitalize()) for key in others))
    )
    return tuple(group for group in found if group.rows)


def _row(status: ServiceStatus, history: History, as_of: float, *, stale: bool) -> Row:
    return Row(
        name=status.name,
        title=status.title,
        verdict=status.verdict,
        word=f"was {status.verdict}" if stale else status.verdict,
        reason=status.reason,
        since=status.since,
        lasted=times.duration(as_of - status.since),
        timeline=timeline_of(history.get(status.name, ()), as_of),
    )
