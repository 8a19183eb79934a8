"""`up`: bring both projects to the desired state, the manager first, each service gated."""

from __future__ import annotations

import time
from collections.abc import Sequence

from manage import words
from manage.apply import consent, files, receipt, refusals, rollback_tags, secrets, selection, volume_images
from manage.apply.change import Change
from manage.apply.consent import Review
from manage.apply.desired_state import DesiredState
from manage.apply.events import Event, Progress, silent
from manage.apply.planned import Planned, read_facts_and_plan
from manage.apply.receipt import Receipt, Step
from manage.engine import hashes, networks, ownership, volumes
from manage.engine.client import Api, connect, require_supported_engine
from manage.engine.model import Facts
from manage.engine.reader import Reader
from manage.host import desired, lock
from manage.host import installation as installations
from manage.plan.model import Operation, Plan


def plan(planned: Planned, services: Sequence[str] = ()) -> Plan:
    """What `up` changes, the manager's project first; `services` limits the stack's changes to these services."""
    return Plan((*planned.manager.changes, *selection.selected(planned.stack, services)))


def apply(
    state: DesiredState,
    *,
    services: Sequence[str] = (),
    manager: bool = True,
    shown: Plan | None = None,
    review: Review = consent.accept,
    progress: Progress = silent,
    by: str = "",
) -> Receipt:
    """Converge on `state`; returns the receipt, whose number is 0 if there was nothing to do.

    The facts are read under the lock. A plan that is not the `shown` one goes to `review` before it is applied.
    `services` limits the change to these services of the stack. `manager=False` is for the agent: it refuses if the
    manager's project would change. `by` is who asked, the user of this process if left out.
    Raises NodeyardError for every refusal, failed step and failed gate, and for a Ctrl-C (exit code 130).
    """
    refusals.require_known_services(services, state.names)
    by = by or lock.user()
    with lock.hold(state.layout, "up", by) as descriptor:
        before = _latest_receipt(state, progress)
        planned = read_facts_and_plan(state, Reader(), with_images=True)
        if not manager:
            refusals.require_manager_unchanged(planned.manager)
        whole = plan(planned, services)
        managing = planned.manager.changes
        serving = whole.operations[len(managing) :]
        provable = state.services if manager else state.stack.services
        unproven = selection.unproven(before, (spec.name for spec in provable), whole.operations)
        consent.require_agreement(whole, shown, review)
        if not (whole.operations or unproven):
            installations.make_folders(state.layout)
            hashes.save(state.layout, state.compose_texts, planned.facts.config_hashes)
            return _nothing_to_do(state, by)
        with connect() as api:
            refusals.require_images(state, planned.facts, whole.operations)
            require_supported_engine(api)
            refusals.require_free_ports(api, state, whole.operations)
            refusals.require_fit_host(api, state, planned.facts, serving, progress)
            draft = receipt.of_state(state, "up", by, _steps(state, managing, serving, unproven))
            with Change(
                state, api, planned.facts.containers, lock=descriptor, progress=progress, draft=draft
            ) as change:
                _prepare(state, api, planned.facts, progress)
                starting = {operation.service for operation in serving if operation.kind in refusals.STARTING}
                volume_images.record(state.layout, state.stack, starting, time.time())
                change.do_manager(managing)
                change.do(serving)
                for service in unproven:
                    change.prove(service)
                rollback_tags.update(api, state.installation, receipt.history(state.layout))
                change.summary = _summary(change.receipt)
            return change.receipt


def _latest_receipt(state: DesiredState, progress: Progress) -> Receipt | None:
    """The last receipt; one left `in_progress` is saved as interrupted: we hold the lock, so nobody works on it."""
    latest = receipt.latest(state.layout)
    if latest is not None and latest.state == "in_progress":
        latest = receipt.interrupted(latest)
        receipt.save(state.layout, latest)
    if latest is not None and latest.state == "interrupted":
        at = time.strftime("%H:%M", time.localtime(latest.started_at))
        last = f"The last change ({latest.verb} by {latest.by} at {at}) was interrupted"
        progress(Event("note", "", f"{last}; this one continues from there."))
    return latest


def _nothing_to_do(state: DesiredState, by: str) -> Receipt:
    if not desired.stack_is_wanted(state.layout):
        desired.want(state.layout, up=True)
    return receipt.of_nothing("up", by, "Nothing to do: everything runs as stack.yml says.")


def _prepare(state: DesiredState, api: Api, facts: Facts, progress: Progress) -> None:
    """Write everything to disk, then make networks and volumes: what the containers will find."""
    before = set(secrets.generations(state.layout))
    in_force = secrets.ensure(state.layout, state.secret_uses, progress)
    _report_adopted(state, facts, set(in_force) - before, progress)
    for stack in (state.manager, state.stack):
        files.write(state.layout, stack)
    hashes.save(state.layout, state.compose_texts, facts.config_hashes)
    names = dict.fromkeys((*state.stack.networks, *state.manager.networks))
    for name in networks.ensure(api, state.installation, names):
        progress(Event("note", "", f"Network {name} made."))
    _make_volumes(state, api, facts, progress)
    desired.want(state.layout, up=True)


def _make_volumes(state: DesiredState, api: Api, facts: Facts, progress: Progress) -> None:
    wanted = {
        volume: stack.service(volume.service) for stack in (state.stack, state.manager) for volume in stack.volumes
    }
    for name in volumes.ensure(api, state.installation, (volume.name for volume in wanted)):
        progress(Event("note", "", f"Volume {name} made."))
    started = {container.service for container in facts.containers}
    for volume, service in wanted.items():
        if service.name not in started:  # also a volume that an `up` made just before it was killed
            ownership.give(api, state.installation, volume.name, volume.uid, service.image.reference)


def _report_adopted(state: DesiredState, facts: Facts, made: set[str], progress: Progress) -> None:
    """Warn about data that was found without its secrets: it is adopted with new ones, never silently."""
    found = {volume.service: volume.name for volume in state.stack.volumes if volume.name in facts.volumes}
    for service in sorted({use.service for use in state.secret_uses if use.name in made} & found.keys()):
        names = sorted({use.name for use in state.secret_uses if use.service == service and use.name in made})
        older = f"Volume {found[service]} is older than its secrets ({', '.join(names)})"
        progress(Event("warning", service, f"{older}: it is adopted and gets the new ones."))


def _steps(
    state: DesiredState, managing: Sequence[Operation], serving: Sequence[Operation], unproven: Sequence[str]
) -> list[Step]:
    return [
        *(Step(operation.kind, operation.service, state.manager.project) for operation in managing),
        *(Step(operation.kind, operation.service, state.stack.project) for operation in serving),
        *(Step("keep", service, "") for service in unproven),
    ]


def _summary(done: Receipt) -> str:
    names = [step.service for step in done.operations]
    return f"{words.listing(names)} {'is' if len(names) == 1 else 'are'} as stack.yml says (change {done.number})."
