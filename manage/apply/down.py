"""`down`: stop and remove our containers, by id. Data is kept; the manager keeps running unless `everything` is set."""

from __future__ import annotations

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor

from manage import words
from manage.apply import consent, gate, host_firewall, receipt, refusals, steps
from manage.apply.change import Change
from manage.apply.consent import Review
from manage.apply.desired_state import DesiredState
from manage.apply.receipt import Receipt, Step
from manage.engine import facts, networks, threads
from manage.engine.client import Api, connect
from manage.engine.model import ContainerFacts
from manage.engine.reader import Reader
from manage.events import Event, Progress, silent
from manage.installation import intent, lock
from manage.installation.identity import Installation
from manage.plan.model import Difference, Operation, Plan

STOP_ORDER = ("services", "chains", "data")
"""Consumers before what they need. A service without a group (an orphan) is removed first, the manager last."""


def plan(state: DesiredState, containers: Iterable[ContainerFacts], *, everything: bool = False) -> Plan:
    """What `down` removes, in order; with `everything` the manager too. Pure.

    Raises NodeyardError if a container has our project's name but is not ours.
    """
    found = tuple(containers)
    refusals.require_own_containers(found, state.installation)
    manager = state.installation.manager_project
    removable = sorted(
        (container for container in found if everything or container.project != manager),
        key=lambda container: _rank(state, container),
    )
    return Plan(tuple(_removal(container) for container in removable))


def apply(
    state: DesiredState,
    *,
    everything: bool = False,
    shown: Plan | None = None,
    review: Review = consent.accept,
    progress: Progress = silent,
    by: str = "",
) -> Receipt:
    """Stop the stack; with `everything` the manager too, and remove the networks. Volumes are never touched.

    The facts are read under the lock. A plan that is not the `shown` one goes to `review` before it is applied.
    Raises NodeyardError as `plan` does; nothing is changed then.
    """
    by = by or lock.user()
    with lock.hold(state.layout, "down", by) as descriptor:
        found = facts.containers(Reader(), state.installation)
        planned = plan(state, found, everything=everything)
        consent.require_agreement(planned, shown, review)
        if not planned.operations:
            return _nothing_to_do(state, everything, by)
        drafted = [Step("remove", step.service, step.project) for step in planned.operations]
        draft = receipt.of_containers(state, "down", drafted, found, by)
        with (
            connect() as api,
            Change(state, api, found, lock=descriptor, progress=progress, draft=draft) as change,
        ):
            change.ends = "done"
            change.summary = _summary(len(planned.operations), everything)
            intent.record(state.layout, up=False)
            for wave in _waves(state, planned, found):
                remove(api, state.installation, wave, progress)
                for container in wave:
                    change.note_done(container.service)
            if everything:
                networks.remove_all(api, state.installation)
                host_firewall.refresh(api, progress)
        if len(planned.operations) < len(found):  # the manager keeps running and reports the change
            gate.wait_for_report(state.layout, change.receipt.ended_at)
        return change.receipt


def remove(
    api: Api, installation: Installation, containers: Iterable[ContainerFacts], progress: Progress = silent
) -> None:
    """Stop and remove these containers in parallel, each within its grace period."""

    def remove_one(container: ContainerFacts) -> None:
        steps.remove(api, installation, container)
        progress(Event("done", container.service, "stopped and removed"))

    with ThreadPoolExecutor(threads.PARALLEL, thread_name_prefix="stop") as pool:
        list(pool.map(remove_one, containers))


def _removal(container: ContainerFacts) -> Operation:
    return Operation(
        kind="remove",
        service=container.service,
        cause=(Difference("requested", shown_state(container), "removed"),),
        downtime_s=0,
        data_risk="kept",
        rollback_class="safe",
        project=container.project,
        container_id=container.id,
    )


def shown_state(container: ContainerFacts) -> str:
    """The state in a plan: `restarting` counts as running, because the plan of a crash loop would otherwise change with
    every read."""
    return "running" if container.state == "restarting" else container.state


def _waves(state: DesiredState, planned: Plan, found: Iterable[ContainerFacts]) -> list[list[ContainerFacts]]:
    """The plan's containers in the order of removal; those of one wave are stopped in parallel."""
    ids = {step.container_id for step in planned.operations}
    waves: dict[int, list[ContainerFacts]] = {}
    for container in found:
        if container.id in ids:
            waves.setdefault(_rank(state, container), []).append(container)
    return [waves[rank] for rank in sorted(waves)]


def _rank(state: DesiredState, container: ContainerFacts) -> int:
    if container.project == state.installation.manager_project:
        return len(STOP_ORDER)
    group = next((spec.group for spec in state.stack.services if spec.name == container.service), "")
    return STOP_ORDER.index(group) if group in STOP_ORDER else -1


def _nothing_to_do(state: DesiredState, everything: bool, by: str) -> Receipt:
    intent.record(state.layout, up=False)
    if everything:
        with connect() as api:
            networks.remove_all(api, state.installation)
    return receipt.of_nothing("down", by, "Nothing is running." if everything else "The stack is already down.")


def _summary(count: int, everything: bool) -> str:
    removed = f"{words.plural(count, 'container')} removed"
    if everything:
        return f"Everything is down: {removed}. Data is kept. Start it again with: manage up"
    return f"The stack is down: {removed}; the manager keeps running. Data is kept. Start it again with: manage up"
