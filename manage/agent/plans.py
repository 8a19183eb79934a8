"""What a verb would do, before it is done: the plan that a page shows with its one button."""

from __future__ import annotations

from collections.abc import Sequence

from manage.agent.refusals import Refused
from manage.apply import down, inputs, refusals, restart, selection
from manage.apply.desired_state import look
from manage.engine import facts
from manage.engine.client import connect
from manage.errors import NodeyardError
from manage.host.layout import Layout
from manage.plan.model import Difference, Operation, Plan


def of_verb(layout: Layout, verb: str, services: Sequence[str]) -> Plan:
    """The plan of `up`, `restart` or `down` for the stack's project; the manager's own is changed on the host.

    Raises NodeyardError for an unknown service and where the manager itself would change.
    """
    match verb:
        case "up":
            return _up(layout, services)
        case "restart":
            return _restart(layout, services)
        case "down":
            return _down(layout)
    raise Refused("usage", f"There is no plan for {verb}.", "Ask for one of: up, restart, down.")


def require_kept(plan: Plan) -> None:
    """Refuse a plan that may lose data: that wants a person at the host's terminal, and typed consent."""
    risky = [operation.service for operation in plan.changes if operation.data_risk != "kept"]
    if risky:
        raise NodeyardError(
            f"Data of {', '.join(risky)} may be lost: that is not done from here.",
            "On the host, which asks for your consent: manage up",
        )


def _up(layout: Layout, services: Sequence[str]) -> Plan:
    work = inputs.work(inputs.load(layout))
    selection.known(services, work.names)
    outlook = look(work)
    refusals.manager_would_change(outlook.manager)
    return Plan(selection.operations(outlook.stack, services))


def _restart(layout: Layout, services: Sequence[str]) -> Plan:
    work = inputs.work(inputs.load(layout))
    selection.known(services, work.names)
    plan = restart.plan(work, services)
    own = {spec.name for spec in work.manager.services}
    refusals.manager_would_change(Plan(tuple(step for step in plan.operations if step.service in own)))
    return plan


def _down(layout: Layout) -> Plan:
    work = inputs.work(inputs.load(layout))
    with connect() as api:
        found = facts.containers(api, work.installation)
    refusals.strangers(found, work.installation)
    doomed = [container for container in found if container.project != work.installation.manager_project]
    return Plan(
        tuple(
            Operation(
                kind="remove",
                service=container.service,
                cause=(Difference("asked for", container.state, "removed"),),
                downtime_s=0,
                data_risk="kept",
                rollback_class="safe",
                project=container.project,
                container_id=container.id,
            )
            for wave in down.waves(work, doomed)
            for container in wave
        )
    )
