"""`down`: stop and remove containers, ours alone, by id. Data is kept, and the manager stays unless everything goes."""

from __future__ import annotations

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor

from manage import words
from manage.apply import gate, inputs, receipt, refusals, steps
from manage.apply.change import Change
from manage.apply.desired_state import Work
from manage.apply.events import Event, Progress, silent
from manage.apply.inputs import Yard
from manage.apply.receipt import Receipt, Step
from manage.engine import facts, networks
from manage.engine.client import Api, connect
from manage.engine.model import ContainerFacts
from manage.host import desired, lock
from manage.host.identity import Installation

STOP_ORDER = ("services", "chains", "data")
"""Consumers first, what they need last; what no group claims (an orphan) before all, the manager after all."""


def down(yard_: Yard, *, everything: bool = False, progress: Progress = silent, by: str = "") -> Receipt:
    """Stop the stack; with `everything` the manager too, and remove the networks. Volumes are never touched.

    Raises NodeyardError when containers of our project's name are not ours: then nothing is touched.
    """
    return stop(inputs.work(yard_), everything=everything, progress=progress, by=by)


def stop(work: Work, *, everything: bool = False, progress: Progress = silent, by: str = "") -> Receipt:
    """`down` for a `Work` that is made already."""
    by = by or lock.user()
    with lock.hold(work.layout, "down", by) as descriptor, connect() as api:
        found = facts.containers(api, work.installation)
        refusals.strangers(found, work.installation)
        doomed = [c for c in found if everything or c.project != work.installation.manager_project]
        if not doomed:
            return _nothing_to_do(work, api, everything, by)
        drafted = [Step("remove", container.service, container.project) for container in doomed]
        draft = receipt.of_containers(work, "down", drafted, found, by)
        with Change(work, api, found, lock=descriptor, progress=progress, draft=draft) as change:
            change.ends = "done"
            change.summary = _summary(doomed, everything)
            desired.want(work.layout, up=False)
            for wave in waves(work, doomed):
                remove(api, work.installation, wave, progress)
                for container in wave:
                    change.note_done(container.service)
            if everything:
                networks.remove_all(api, work.installation)
        if len(doomed) < len(found):  # the manager goes on, and tells
            gate.wait_for_news(work.layout, change.receipt.ended_at)
        return change.receipt


def waves(work: Work, containers: Iterable[ContainerFacts]) -> list[list[ContainerFacts]]:
    """Containers in the order to stop them; those of one wave may stop at the same time."""
    groups = {spec.name: spec.group for spec in work.stack.services}
    manager = work.installation.manager_project

    def rank(container: ContainerFacts) -> int:
        if container.project == manager:
            return len(STOP_ORDER)
        group = groups.get(container.service, "")
        return STOP_ORDER.index(group) if group in STOP_ORDER else -1

    ranked = sorted(containers, key=rank)
    return [[c for c in ranked if rank(c) == number] for number in sorted({rank(c) for c in ranked})]


def remove(
    api: Api, installation: Installation, containers: Iterable[ContainerFacts], progress: Progress = silent
) -> None:
    """Stop and remove these at the same time, each within its own grace period."""

    def one(container: ContainerFacts) -> None:
        steps.remove(api, installation, container)
        progress(Event("done", container.service, "stopped and removed"))

    with ThreadPoolExecutor(facts.PARALLEL, thread_name_prefix="stop") as pool:
        list(pool.map(one, containers))


def _nothing_to_do(work: Work, api: Api, everything: bool, by: str) -> Receipt:
    desired.want(work.layout, up=False)
    if everything:
        networks.remove_all(api, work.installation)
    return receipt.of_nothing("down", by, "Nothing was running." if everything else "The stack is down already.")


def _summary(doomed: list[ContainerFacts], everything: bool) -> str:
    count = words.plural(len(doomed), "container")
    if everything:
        return f"Everything is down: {count} removed. Data is kept. Start it again with: manage up"
    return f"The stack is down: {count} removed; the manager goes on. Data is kept. Start it again with: manage up"
