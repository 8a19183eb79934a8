"""`up`: make both projects what they should be, the manager first, each step gated."""

from __future__ import annotations

import time
from collections.abc import Sequence

from manage import words
from manage.apply import files, formats, inputs, receipt, refusals, rollback_tags, secrets, selection
from manage.apply.change import Change
from manage.apply.desired_state import Outlook, Work, look
from manage.apply.events import Event, Progress, silent
from manage.apply.inputs import Yard
from manage.apply.receipt import Receipt, Step
from manage.engine import hashes, networks, ownership, volumes
from manage.engine.client import Api, connect, require_supported
from manage.host import desired, lock
from manage.host import installation as installations
from manage.plan.model import Operation


def up(
    yard_: Yard,
    *,
    names: Sequence[str] = (),
    manager: bool = True,
    progress: Progress = silent,
    by: str = "",
) -> Receipt:
    """Converge on what `yard_` says; gives the receipt, whose number is 0 when there was nothing to do.

    `names` limits it to these services of the stack. `manager=False` is for the agent: it refuses when the manager's
    project would have to change. `by` is who asked, the user of this process if left out.
    Raises NodeyardError for every refusal, failed step and failed gate, and for a Ctrl-C (exit code 130).
    """
    return converge(inputs.work(yard_), names=names, manager=manager, progress=progress, by=by)


def converge(
    work: Work, *, names: Sequence[str] = (), manager: bool = True, progress: Progress = silent, by: str = ""
) -> Receipt:
    """`up` for a `Work` that is made already."""
    selection.known(names, work.names)
    by = by or lock.user()
    with lock.hold(work.layout, "up", by) as descriptor, connect() as api:
        require_supported(api)
        before = _report_interrupted(work, progress)
        outlook = look(work, api)
        if not manager:
            refusals.manager_would_change(outlook.manager)
        managing = outlook.manager.changes
        serving = selection.operations(outlook.stack, names)
        provable = work.services if manager else work.stack.services
        unproven = selection.unproven(before, (spec.name for spec in provable), (*managing, *serving))
        if not (managing or serving or unproven):
            installations.make_folders(work.layout)
            hashes.keep(work.layout, work.compose_texts, outlook.facts.config_hashes)
            return _nothing_to_do(work, by)
        refusals.missing_images(work, outlook.facts, (*managing, *serving))
        refusals.taken_ports(api, work, (*managing, *serving))
        refusals.unfit_host(api, work, outlook.facts, serving, progress)
        draft = receipt.of_work(work, "up", by, _steps(work, managing, serving, unproven))
        with Change(work, api, outlook.facts.containers, lock=descriptor, progress=progress, draft=draft) as change:
            _prepare(work, api, outlook, progress)
            starting = {operation.service for operation in serving if operation.kind in refusals.STARTING}
            formats.record(work.layout, work.stack, starting, time.time())
            change.do_manager(managing)
            change.do(serving)
            for service in unproven:
                change.prove(service)
            rollback_tags.tag_images(api, work.installation, receipt.history(work.layout))
            change.summary = _summary(change.receipt)
        return change.receipt


def _report_interrupted(work: Work, progress: Progress) -> Receipt | None:
    """The last receipt. One left `in_progress` is written down as interrupted: we hold the lock, nobody works on it."""
    latest = receipt.latest(work.layout)
    if latest is not None and latest.state == "in_progress":
        latest = receipt.interrupted(latest)
        receipt.save(work.layout, latest)
    if latest is not None and latest.state == "interrupted":
        at = time.strftime("%H:%M", time.localtime(latest.started_at))
        progress(
            Event(
                "note",
                "",
                f"The last change ({latest.verb} by {latest.by} at {at}) was interrupted; going on from there.",
            )
        )
    return latest


def _nothing_to_do(work: Work, by: str) -> Receipt:
    if not desired.stack_is_wanted(work.layout):
        desired.want(work.layout, up=True)
    return receipt.of_nothing("up", by, "Nothing to do: everything runs as stack.yml says.")


def _prepare(work: Work, api: Api, outlook: Outlook, progress: Progress) -> None:
    """Everything on disk, then networks and volumes: what the containers will find."""
    fresh = set(secrets.generations(work.layout))
    in_force = secrets.ensure(work.layout, work.uses, progress)
    _tell_adopted(work, outlook, set(in_force) - fresh, progress)
    for stack in (work.manager, work.stack):
        files.write(work.layout, stack, work.spec_document)
    hashes.keep(work.layout, work.compose_texts, outlook.facts.config_hashes)
    names = dict.fromkeys((*work.stack.networks, *work.manager.networks))
    for name in networks.ensure(api, work.installation, names):
        progress(Event("note", "", f"Network {name} made."))
    _make_volumes(work, api, outlook, progress)
    desired.want(work.layout, up=True)


def _make_volumes(work: Work, api: Api, outlook: Outlook, progress: Progress) -> None:
    wanted = {volume: stack.service(volume.service) for stack in (work.stack, work.manager) for volume in stack.volumes}
    for name in volumes.ensure(api, work.installation, (volume.name for volume in wanted)):
        progress(Event("note", "", f"Volume {name} made."))
    started = {container.service for container in outlook.facts.containers}
    for volume, service in wanted.items():
        if service.name not in started:  # also the one that an `up` made just before it was killed
            ownership.give(api, work.installation, volume.name, volume.uid, service.image.reference)


def _tell_adopted(work: Work, outlook: Outlook, made: set[str], progress: Progress) -> None:
    """Data that was found without its secrets is adopted: said, never done silently."""
    found = {volume.service: volume.name for volume in work.stack.volumes if volume.name in outlook.facts.volumes}
    for service in sorted({use.service for use in work.uses if use.name in made} & found.keys()):
        names = sorted({use.name for use in work.uses if use.service == service and use.name in made})
        older = f"Volume {found[service]} is older than its secrets ({', '.join(names)})"
        progress(Event("warning", service, f"{older}: it is adopted, and takes the new ones."))


def _steps(
    work: Work, managing: Sequence[Operation], serving: Sequence[Operation], unproven: Sequence[str]
) -> list[Step]:
    return [
        *(Step(operation.kind, operation.service, work.manager.project) for operation in managing),
        *(Step(operation.kind, operation.service, work.stack.project) for operation in serving),
        *(Step("keep", service, "") for service in unproven),
    ]


def _summary(done: Receipt) -> str:
    names = [step.service for step in done.operations]
    return f"{words.listing(names)} {'is' if len(names) == 1 else 'are'} as stack.yml says (change {done.number})."
