"""From a snapshot to what the overview shows. Pure: the page, its partial and its tests see the same value."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal

from manage import words
from manage.access import roles
from manage.access.roles import Role
from manage.errors import NodeyardError
from manage.health import summary
from manage.health.model import ServiceStatus, Snapshot, VerdictName
from manage.web import clocks
from manage.web.history import Strips
from manage.web.shapes import Strip, strip

STALE_S = 10.0
"""A snapshot older than this is not shown as the present (watch writes one every second)."""
GROUPS = (("chains", "Chains"), ("data", "Data"), ("services", "Services"), ("manager", "Manager"))

Feed = Literal["fresh", "stale", "missing"]


@dataclass(frozen=True)
class Act:
    """A link to the plan of a change, or to what explains it."""

    label: str
    endpoint: str
    args: Mapping[str, str]


@dataclass(frozen=True)
class Row:
    name: str
    title: str
    verdict: VerdictName
    word: str
    """The verdict in words: "healthy", or "was healthy" when it is old."""
    reason: str
    since: float
    lasted: str
    strip: Strip


@dataclass(frozen=True)
class HostFact:
    title: str
    big: str
    soft: str
    used: float
    """Share of `1.0`, for the meter."""


@dataclass(frozen=True)
class Overview:
    feed: Feed
    corner: str
    """How true the page is: "true as of 2 s ago"."""
    age_s: float
    """Of the snapshot; -1.0 when there is none."""
    title: str
    verdict: VerdictName
    """Tone of the sentence."""
    headline: str
    detail: str
    acts: tuple[Act, ...]
    note: str
    """Why nothing can be done from here, "" when it can."""
    caption: str
    groups: tuple[tuple[str, tuple[Row, ...]], ...]
    host: tuple[HostFact, ...]
    stack_acts: tuple[Act, ...]
    first_step: bool


def overview(
    snapshot: Snapshot | NodeyardError, strips: Strips, *, now: float, role: Role, agent_answers: bool
) -> Overview:
    """Everything the overview page says, at unix time `now`, to somebody with `role`."""
    note = "" if agent_answers else "The agent does not answer: nothing can be started, stopped or restarted from here."
    if isinstance(snapshot, NodeyardError):
        return _missing(snapshot, note)
    age = max(0.0, now - snapshot.as_of)
    services = snapshot.services
    stack = [service for service in services if service.group != "manager"]
    common = Overview(
        feed="fresh",
        corner=true_as_of(age),
        age_s=age,
        title=_title(stack, services),
        verdict="disabled" if is_down(stack) else tone(services),
        headline=snapshot.sentence,
        detail=snapshot.detail,
        acts=(),
        note=note,
        caption=_caption(services),
        groups=_groups(services, strips, snapshot.as_of, stale=age > STALE_S),
        host=host_facts(snapshot.host),
        stack_acts=(),
        first_step=False,
    )
    if age > STALE_S:
        return replace(
            common,
            feed="stale",
            corner=f"no news for {clocks.whole(age)}",
            title="No news",
            verdict="down",
            headline=f"Watch has been silent for {clocks.whole(age)}.",
            caption=f"{words.plural(len(services), 'service')} as they were then",
            detail="What stands below is how it was then, not how it is now. On the host: manage logs watch",
            acts=(Act("Show watch's log", "logs.page", {"name": "watch"}),) if agent_answers else (),
        )
    return replace(
        common,
        acts=_acts(stack, services, may_act=agent_answers and roles.may(role, "operator")),
        stack_acts=_stack_acts(stack, role) if agent_answers else (),
        first_step=snapshot.network == "sandbox" and not is_down(stack),
    )


def true_as_of(age_s: float) -> str:
    """The corner of a page that is up to date, in whole seconds as the script counts them on."""
    return f"true as of {clocks.whole(age_s)} ago"


def is_down(stack: list[ServiceStatus]) -> bool:
    """Every service of the stack was stopped on purpose."""
    return bool(stack) and all(service.verdict == "disabled" for service in stack)


def tone(services: tuple[ServiceStatus, ...]) -> VerdictName:
    """The worst verdict there is, in the order of `manage.health.summary`; waiting blames nobody."""
    present = {service.verdict for service in services}
    for verdict in summary.WORST_FIRST:
        if verdict in present:
            return verdict
    return "healthy" if "healthy" in present else "disabled"


def host_facts(host: Mapping[str, object]) -> tuple[HostFact, ...]:
    """Disk, memory and processor, those that the agent has told."""
    facts = []
    free, total = _number(host.get("disk_free_bytes")), _number(host.get("disk_total_bytes"))
    if total:
        soft = f"of {words.size(total)}, {(total - free) / total:.0%} used".replace("%", " %")
        facts.append(HostFact("Disk", f"{words.size(free)} free", soft, (total - free) / total))
    used, total = _number(host.get("memory_bytes")), _number(host.get("memory_total_bytes"))
    if total:
        facts.append(HostFact("Memory", f"{words.size(used)} used", f"of {words.size(total)}", used / total))
    if "cpu_percent" in host:
        cpu = _number(host["cpu_percent"])
        load = f"load {_number(host['load_1']):.2f}" if "load_1" in host else "of all cores"
        facts.append(HostFact("Processor", f"{cpu:.0f} %", load, min(cpu / 100, 1.0)))
    return tuple(facts)


def _missing(fault: NodeyardError, note: str) -> Overview:
    return Overview(
        feed="missing",
        corner="nothing is known yet",
        age_s=-1.0,
        title="Nothing is known yet",
        verdict="waiting",
        headline="Nothing is known yet.",
        detail=f"{fault.message} {fault.hint}",
        acts=(),
        note=note,
        caption="The services, once watch has looked at them",
        groups=(),
        host=(),
        stack_acts=(),
        first_step=False,
    )


def _title(stack: list[ServiceStatus], services: tuple[ServiceStatus, ...]) -> str:
    return "Stack down" if is_down(stack) else summary.title(services) or "All well"


def _caption(services: tuple[ServiceStatus, ...]) -> str:
    healthy = sum(service.verdict == "healthy" for service in services)
    return f"{words.plural(len(services), 'service')}, {healthy} healthy, with their last 24 hours"


def _groups(
    services: tuple[ServiceStatus, ...], strips: Strips, as_of: float, *, stale: bool
) -> tuple[tuple[str, tuple[Row, ...]], ...]:
    known = {key for key, _ in GROUPS}
    labels = [*GROUPS, *((key, key.capitalize()) for key in {service.group for service in services} - known)]
    rows = (
        (label, tuple(_row(s, strips, as_of, stale=stale) for s in services if s.group == key)) for key, label in labels
    )
    return tuple((label, members) for label, members in rows if members)


def _row(status: ServiceStatus, strips: Strips, as_of: float, *, stale: bool) -> Row:
    return Row(
        name=status.name,
        title=status.title,
        verdict=status.verdict,
        word=f"was {status.verdict}" if stale else status.verdict,
        reason=status.reason,
        since=status.since,
        lasted=clocks.whole(as_of - status.since),
        strip=strip(strips.get(status.name, ()), as_of),
    )


def _acts(stack: list[ServiceStatus], services: tuple[ServiceStatus, ...], *, may_act: bool) -> tuple[Act, ...]:
    if is_down(stack):
        return (Act("Start the stack…", "acts.plan", {"verb": "up"}),) if may_act else ()
    worst = tone(services)
    if worst not in ("down", "degraded"):
        return ()
    culprit = next(service for service in services if service.verdict == worst)
    restart = Act(f"Restart {culprit.name}…", "acts.plan", {"verb": "restart", "service": culprit.name})
    evidence = Act("Show the evidence", "service.page", {"name": culprit.name})
    return (restart, evidence) if may_act and culprit.group != "manager" else (evidence,)


def _stack_acts(stack: list[ServiceStatus], role: Role) -> tuple[Act, ...]:
    acts = []
    if roles.may(role, "operator") and not is_down(stack):
        acts.append(Act("Apply stack.yml…", "acts.plan", {"verb": "up"}))
    if roles.may(role, "admin") and not is_down(stack):
        acts.append(Act("Stop the stack…", "acts.plan", {"verb": "down"}))
    return tuple(acts)


def _number(value: object) -> float:
    return float(value) if isinstance(value, int | float) else 0.0
