"""`restart`: services as they are, one after the other, each gated."""

from __future__ import annotations

from collections.abc import Sequence

from manage import words
from manage.apply import inputs, receipt, refusals, selection
from manage.apply.change import Change
from manage.apply.desired_state import Work
from manage.apply.events import Progress, silent
from manage.apply.inputs import Yard
from manage.apply.receipt import Receipt, Step
from manage.engine import facts
from manage.engine.client import connect
from manage.engine.model import ContainerFacts
from manage.errors import NodeyardError
from manage.host import lock
from manage.plan.model import Difference, Operation, Plan


def restart(
    yard_: Yard, services: Sequence[str], *, manager: bool = True, progress: Progress = silent, by: str = ""
) -> Receipt:
    """Restart `services` in the stack's order. Configuration is not read anew: that is `up`.

    `manager=False` is for the agent: services of the manager are refused, nobody restarts himself.
    Raises NodeyardError for an unknown service, one without a container, and a failed gate.
    """
    return rerun(inputs.work(yard_), services, manager=manager, progress=progress, by=by)


def rerun(
    work: Work, services: Sequence[str], *, manager: bool = True, progress: Progress = silent, by: str = ""
) -> Receipt:
    """`restart` for a `Work` that is made already."""
    selection.known(services, work.names)
    planned = plan(work, services)
    own = {spec.name for spec in work.manager.services}
    managing = tuple(operation for operation in planned.operations if operation.service in own)
    if not manager:
        refusals.manager_would_change(Plan(managing))
    by = by or lock.user()
    with lock.hold(work.layout, "restart", by) as descriptor, connect() as api:
        found = facts.containers(api, work.installation)
        refusals.strangers(found, work.installation)
        _require_containers(found, services)
        drafted = [Step("restart", operation.service, operation.project) for operation in planned.operations]
        draft = receipt.of_containers(work, "restart", drafted, found, by)
        with Change(work, api, found, lock=descriptor, progress=progress, draft=draft) as change:
            change.do_manager(managing)
            change.do([operation for operation in planned.operations if operation not in managing])
            names = [operation.service for operation in planned.operations]
            change.summary = f"{words.listing(names)} {'was' if len(names) == 1 else 'were'} restarted."
        return change.receipt


def plan(work: Work, services: Sequence[str]) -> Plan:
    """What `restart` would do, the manager's first, then in the stack's order; pure."""
    return Plan(
        tuple(
            Operation(
                kind="restart",
                service=spec.name,
                cause=(Difference("asked for", "running", "restarted"),),
                downtime_s=spec.downtime_s,
                data_risk="kept",
                rollback_class="safe",
                project=stack.project,
            )
            for stack in (work.manager, work.stack)
            for spec in stack.services
            if spec.name in services
        )
    )


def _require_containers(found: Sequence[ContainerFacts], services: Sequence[str]) -> None:
    missing = sorted(set(services) - {container.service for container in found})
    if missing:
        raise NodeyardError(
            f"{words.listing(missing)} {'has' if len(missing) == 1 else 'have'} no container to restart.",
            "Start what is missing: manage up",
        )
