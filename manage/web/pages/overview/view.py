"""What the overview shows, from a snapshot. Pure: the page, its partial and its tests see the same value."""

from __future__ import annotations

from dataclasses import replace

from manage import words
from manage.access import roles
from manage.access.roles import Role
from manage.errors import NodeyardError
from manage.health import machine, summary
from manage.health.model import ServiceStatus, Snapshot, VerdictName
from manage.health.trouble import Trouble
from manage.immutable import dataclass
from manage.web import actions, freshness, times
from manage.web.actions import Action
from manage.web.freshness import Freshness
from manage.web.history import History
from manage.web.pages.overview import buttons
from manage.web.pages.overview.host import HostFact, host_facts
from manage.web.pages.overview.rows import Group, groups
from manage.web.pages.overview.stack import is_down, worst_verdict


@dataclass(frozen=True)
class Overview:
    freshness: Freshness
    title: str
    verdict: VerdictName
    """Sets the colour of the sentence."""
    headline: str
    detail: str
    actions: tuple[Action, ...]
    """Below the sentence: what to do now."""
    note: str
    """Why this page can change nothing, "" when it can."""
    caption: str
    groups: tuple[Group, ...]
    host: tuple[HostFact, ...]
    stack_actions: tuple[Action, ...]
    first_step: bool
    """Show what to try first; on the sandbox only."""


def overview(
    snapshot: Snapshot | NodeyardError,
    history: History,
    *,
    now: float,
    role: Role,
    agent_answers: bool,
    disk: Trouble | None = None,
) -> Overview:
    """The page at unix time `now` for a user with `role`. `snapshot` is the error when there is none.

    `disk` is why watch cannot write, if that is known.
    """
    note = "" if agent_answers else "The agent does not answer, so this page cannot start, stop or restart anything."
    if isinstance(snapshot, NodeyardError):
        return _with_disk(_missing(snapshot, note), disk)
    fresh = _fresh(snapshot, history, now, note)
    if fresh.freshness.state == "stale":
        return _with_disk(_stale(fresh, snapshot, agent_answers=agent_answers), disk)
    return replace(
        fresh,
        actions=buttons.urgent(snapshot.services, may_change=agent_answers and roles.may(role, "operator")),
        stack_actions=buttons.for_stack(snapshot.services, role) if agent_answers else (),
        first_step=snapshot.network == "sandbox" and not is_down(snapshot.services),
    )


def _fresh(snapshot: Snapshot, history: History, now: float, note: str) -> Overview:
    """Without buttons."""
    services, age = snapshot.services, freshness.of_snapshot(snapshot.as_of, now)
    troubles = machine.troubles(snapshot.host)
    verdict = troubles[0].verdict if troubles else worst_verdict(services)
    return Overview(
        freshness=age,
        title="Stack down" if is_down(services) and not troubles else summary.title(services, troubles) or "All well",
        verdict="disabled" if is_down(services) and not troubles else verdict,
        headline=snapshot.sentence,
        detail=snapshot.detail,
        actions=(),
        note=note,
        caption=_caption(services),
        groups=groups(services, history, snapshot.as_of, stale=age.state == "stale"),
        host=host_facts(snapshot.host),
        stack_actions=(),
        first_step=False,
    )


def _stale(view: Overview, snapshot: Snapshot, *, agent_answers: bool) -> Overview:
    at, age = times.utc(snapshot.as_of), times.duration(view.freshness.age_s)
    return replace(
        view,
        title="No data",
        verdict="down",
        headline=f"watch has not reported for {age}.",
        detail=f"The values below are from {at}, when watch last reported. To see why, run: manage logs watch",
        actions=(actions.show_log("watch", "Show the log of watch"),) if agent_answers else (),
        caption=f"{words.plural(len(snapshot.services), 'service')} as last reported",
    )


def _with_disk(view: Overview, disk: Trouble | None) -> Overview:
    """A page without new values names the full disk, which is the likely cause."""
    if disk is None:
        return view
    return replace(
        view, verdict="down", headline=f"{disk.headline}. {view.headline}", detail=f"{disk.detail} {view.detail}"
    )


def _missing(error: NodeyardError, note: str) -> Overview:
    return Overview(
        freshness=freshness.MISSING,
        title="No data yet",
        verdict="waiting",
        headline="No data yet.",
        detail=f"{error.message} {error.hint}",
        actions=(),
        note=note,
        caption="The services appear here after watch has checked them.",
        groups=(),
        host=(),
        stack_actions=(),
        first_step=False,
    )


def _caption(services: tuple[ServiceStatus, ...]) -> str:
    healthy = sum(service.verdict == "healthy" for service in services)
    return f"{words.plural(len(services), 'service')}, {healthy} healthy, with their last 24 hours"
