"""`restart`: restart existing containers, one after the other, each gated."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from manage import words
from manage.apply import consent, data_guard, receipt, refusals
from manage.apply.change import Change
from manage.apply.consent import Review
from manage.apply.desired_state import DesiredState
from manage.apply.down import shown_state
from manage.apply.receipt import Receipt, Step
from manage.engine import facts
from manage.engine.client import connect
from manage.engine.model import ContainerFacts
from manage.engine.reader import Reader
from manage.events import Progress, silent
from manage.installation import lock
from manage.plan.model import Difference, Operation, Plan


def plan(
    state: DesiredState, containers: Iterable[ContainerFacts], services: Sequence[str], *, manager: bool = True
) -> Plan:
    """What `restart` does, the manager's services first, then in the stack's order. Pure.

    Raises NodeyardError for an unknown service, for a service without a container, for a container that has our
    project's name but is not ours, and without `manager` for a service of the manager.
    """
    refusals.require_known_services(services, state.names)
    found = tuple(containers)
    refusals.require_own_containers(found, state.installation)
    own = {spec.name for spec in state.manager.services}
    if not manager:
        asked = [Operation("restart", name, (), 0, "kept", "safe") for name in services if name in own]
        refusals.require_manager_unchanged(Plan(tuple(asked)))
    refusals.require_containers(found, services)
    running = {container.service: container for container in found}
    return Plan(
        tuple(
            Operation(
                kind="restart",
                service=spec.name,
                cause=(Difference("requested", shown_state(running[spec.name]), "restarted"),),
                downtime_s=spec.downtime_s,
                data_risk="kept",
                rollback_class="safe",
                project=stack.project,
                container_id=running[spec.name].id,
            )
            for stack in (state.manager, state.stack)
            for spec in stack.services
            if spec.name in services
        )
    )


def apply(
    state: DesiredState,
    services: Sequence[str],
    *,
    manager: bool = True,
    shown: Plan | None = None,
    review: Review = consent.accept,
    progress: Progress = silent,
    by: str = "",
) -> Receipt:
    """Restart `services` in the stack's order. `stack.yml` is not applied; `up` does that.

    The facts are read under the lock. A plan that is not the `shown` one goes to `review` before it is applied.
    `manager=False` is for the agent, which cannot restart its own project.
    Raises NodeyardError as `plan` does, and for a failed gate.
    """
    refusals.require_known_services(services, state.names)
    by = by or lock.user()
    with lock.hold(state.layout, "restart", by) as descriptor:
        found = facts.containers(Reader(), state.installation)
        planned = plan(state, found, services, manager=manager)
        data_guard.require_data(state, planned.operations, host=manager)
        consent.require_agreement(planned, shown, review)
        own = state.manager.project
        managing = [operation for operation in planned.operations if operation.project == own]
        serving = [operation for operation in planned.operations if operation.project != own]
        drafted = [Step("restart", operation.service, operation.project) for operation in planned.operations]
        draft = receipt.of_containers(state, "restart", drafted, found, by)
        with (
            connect() as api,
            Change(state, api, found, lock=descriptor, progress=progress, draft=draft) as change,
        ):
            change.apply_manager(managing)
            change.apply_stack(serving)
            names = [operation.service for operation in planned.operations]
            change.summary = f"{words.listing(names)} {'was' if len(names) == 1 else 'were'} restarted."
        return change.receipt
