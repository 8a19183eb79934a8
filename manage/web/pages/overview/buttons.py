"""The buttons of the overview, by the state of the stack and the user's role."""

from __future__ import annotations

from manage.access import roles
from manage.access.roles import Role
from manage.health.model import ServiceStatus
from manage.web import actions
from manage.web.actions import Action
from manage.web.pages.overview.stack import is_down, worst_verdict


def urgent(services: tuple[ServiceStatus, ...], *, may_change: bool) -> tuple[Action, ...]:
    """What to do now: start a stack that is down, or restart the service in the worst state."""
    if is_down(services):
        return (actions.START,) if may_change else ()
    verdict = worst_verdict(services)
    if verdict not in ("down", "degraded"):
        return ()
    worst = next(service for service in services if service.verdict == verdict)
    evidence = actions.show_evidence(worst.name)
    return (actions.restart(worst.name), evidence) if may_change and worst.group != "manager" else (evidence,)


def for_stack(services: tuple[ServiceStatus, ...], role: Role) -> tuple[Action, ...]:
    """Changes of the whole stack that the role allows; none while it is down."""
    if is_down(services):
        return ()
    by_role: tuple[tuple[Role, Action], ...] = (("operator", actions.APPLY), ("admin", actions.STOP))
    return tuple(action for needed, action in by_role if roles.may(role, needed))
