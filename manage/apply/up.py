"""`up`: bring both projects to the desired state, the manager first, each service gated."""

from __future__ import annotations

import time
from collections.abc import Collection, Sequence

from manage.apply import consent, data_guard, host_disks, receipt, refusals, selection
from manage.apply.consent import Review
from manage.apply.desired_state import DesiredState
from manage.apply.planned import Planned, read_facts_and_plan
from manage.apply.receipt import Receipt
from manage.engine import hashes, threads
from manage.engine.reader import Reader
from manage.events import Event, Progress, silent
from manage.installation import folders, identity, intent, lock
from manage.installation.labels import LABEL_INSTALLATION
from manage.plan.model import Plan


def plan(planned: Planned, services: Sequence[str] = ()) -> Plan:
    """What `up` changes, the manager's project first; `services` limits the stack's changes to these services."""
    return Plan((*planned.manager.changes, *selection.selected(planned.stack, services)))


def apply(
    state: DesiredState,
    *,
    services: Sequence[str] = (),
    manager: bool = True,
    accepted_data: Collection[str] = (),
    shown: Plan | None = None,
    review: Review = consent.accept,
    progress: Progress = silent,
    by: str = "",
) -> Receipt:
    """Converge on `state`; returns the receipt, whose number is 0 if there was nothing to do.

    The facts are read under the lock. A plan that is not the `shown` one goes to `review` before it is applied.
    `services` limits the change to these services of the stack. `manager=False` is for the agent: it refuses if the
    manager's project would change. `accepted_data` are services whose data is used although it is not what they had
    before (`data_guard`). `by` is the caller; if empty, the user of this process.
    Raises NodeyardError for every refusal, failed step and failed gate, and for a Ctrl-C (exit code 130).
    """
    refusals.require_known_services((*services, *accepted_data), state.names)
    host_disks.require_room([state.layout.dir])
    by = by or lock.user()
    with lock.hold(state.layout, "up", by) as descriptor:
        before = _latest_receipt(state, progress)
        planned, warning = _facts_and_firewall(state) if manager else (read_facts_and_plan(state, Reader()), "")
        if not manager:
            refusals.require_manager_unchanged(planned.manager)
        if services or not manager:
            refusals.require_moved_ids(state.layout)
        whole = plan(planned, services)
        managing = planned.manager.changes
        serving = whole.operations[len(managing) :]
        provable = state.services if manager else state.stack.services
        unproven = selection.unproven(before, (spec.name for spec in provable), whole.operations)
        data_guard.require_data(state, serving, planned.facts, host=manager, accepted=accepted_data)
        consent.require_agreement(whole, shown, review)
        if not (whole.operations or unproven):
            folders.make(state.layout)
            hashes.save(state.layout, state.compose_texts, planned.facts.config_hashes)
            if not services:
                identity.record_layout_version(state.layout)
            if warning:
                progress(Event("warning", "", warning))
            _finish_migration(state, planned, progress)
            return _nothing_to_do(state, by)
        from manage.apply import converge  # imported only here: most of its imports are not needed to do nothing

        chosen = converge.Selection(managing, serving, unproven)
        done = converge.run(state, planned.facts, chosen, host=manager, lock=descriptor, progress=progress, by=by)
        if not services:
            identity.record_layout_version(state.layout)
        return done


def _facts_and_firewall(state: DesiredState) -> tuple[Planned, str]:
    """The plan, and the firewall's warning: the table is written for the networks that exist, while the engine answers.

    A change that follows writes it again, for the networks that it made.
    """
    from manage.apply import host_firewall  # imported only here: `plan` does not need it

    reader = Reader()
    write = threads.started(lambda: host_firewall.write(reader))
    try:
        planned = read_facts_and_plan(state, reader)
    finally:
        warning = write()  # within the lock, else an older table could replace a newer one
    return planned, warning


def _latest_receipt(state: DesiredState, progress: Progress) -> Receipt | None:
    """The last receipt. One left `in_progress` is saved as interrupted: this process holds the lock."""
    latest = receipt.latest(state.layout)
    if latest is not None and latest.state == "in_progress":
        latest = receipt.interrupted(latest)
        receipt.save(state.layout, latest)
    if latest is not None and latest.state == "interrupted":
        at = time.strftime("%H:%M", time.localtime(latest.started_at))
        last = f"The last change ({latest.verb} by {latest.by} at {at}) was interrupted"
        progress(Event("note", "", f"{last}; this one continues from there."))
    return latest


def _finish_migration(state: DesiredState, planned: Planned, progress: Progress) -> None:
    """Remove networks that an `up` which was killed at its end left unused."""
    wanted = {network.name for network in state.networks}
    ours = [labels.get(LABEL_INSTALLATION) for name, labels in planned.facts.networks.items() if name not in wanted]
    if state.installation.id in ours:
        from manage.apply import converge
        from manage.engine.client import connect

        with connect() as api:
            converge.remove_unused_networks(state, api, progress)


def _nothing_to_do(state: DesiredState, by: str) -> Receipt:
    if not intent.is_up(state.layout):
        intent.record(state.layout, up=True)
    return receipt.of_nothing("up", by, "Nothing to do: the stack already matches stack.yml.")
