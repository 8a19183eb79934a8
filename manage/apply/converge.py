"""What `up` does if something differs: check the preconditions, prepare disk and engine, apply, gate."""

from __future__ import annotations

import time
from pathlib import Path

from manage import words
from manage.apply import (
    chain_folders,
    files,
    host_disks,
    host_firewall,
    moved_ids,
    receipt,
    refusals,
    rollback_tags,
    secrets,
    volume_images,
)
from manage.apply.change import Change
from manage.apply.desired_state import DesiredState
from manage.apply.receipt import Receipt, Step
from manage.engine import hashes, networks, volume_owner, volumes
from manage.engine.client import Api, connect, require_supported_engine
from manage.engine.model import Facts
from manage.events import Event, Progress
from manage.immutable import dataclass
from manage.installation import intent
from manage.plan.model import STARTING, Operation


@dataclass(frozen=True)
class Selection:
    """The operations that a change applies, by project, and the services that it only gates."""

    manager: tuple[Operation, ...]
    stack: tuple[Operation, ...]
    unproven: tuple[str, ...]
    """Services that an earlier, unfinished change left without a passed gate; they are gated again."""

    @property
    def operations(self) -> tuple[Operation, ...]:
        return (*self.manager, *self.stack)


def run(
    state: DesiredState, facts: Facts, selection: Selection, *, host: bool, lock: int, progress: Progress, by: str
) -> Receipt:
    """Apply `selection`, which follows from `facts`, under the lock whose descriptor is `lock`.

    `host` is False for the agent, which sees no folder outside the installation's.
    """
    with connect() as api:
        refusals.require_images(api, state, selection.operations)
        require_supported_engine(api)
        refusals.require_free_ports(api, state, selection.operations, host=host)
        refusals.require_fit_host(api, state, facts, selection.stack, host=host, progress=progress)
        host_disks.require_room(_written(state, api, selection, host=host))
        draft = receipt.of_state(state, "up", by, _steps(state, selection))
        with Change(state, api, facts.containers, lock=lock, progress=progress, draft=draft) as change:
            _prepare(state, api, facts, progress)
            starting = {operation.service for operation in selection.stack if operation.kind in STARTING}
            if host:
                host_firewall.refresh(api, progress)
                folders = [folder for folder in state.chain_folders if folder.service in starting]
                for sentence in chain_folders.prepare(state.layout, folders):
                    progress(Event("note", "", sentence))
            volume_images.record(state.layout, state.stack, starting, time.time())
            change.apply_manager(selection.manager)
            change.apply_stack(selection.stack)
            for service in selection.unproven:
                change.gate_only(service)
            remove_unused_networks(state, api, progress)
            rollback_tags.update(api, state.installation, receipt.history(state.layout))
            change.summary = _summary(change.receipt)
        return change.receipt


def _written(state: DesiredState, api: Api, selection: Selection, *, host: bool) -> list[Path]:
    """Where the change and the services that it starts write. The agent sees only the installation's folder."""
    starting = {operation.service for operation in selection.operations if operation.kind in STARTING}
    chains = [folder.path for folder in state.chain_folders if folder.service in starting]
    root = Path(api.info()["DockerRootDir"])
    return [state.layout.dir, *(chains if host else ()), *([root] if root.exists() else ())]


def _prepare(state: DesiredState, api: Api, facts: Facts, progress: Progress) -> None:
    """Write files and secrets to disk, then create networks and volumes, before any container starts."""
    before = set(secrets.generations(state.layout))
    in_force = secrets.ensure(state.layout, state.secret_uses, progress)
    _report_adopted(state, facts, set(in_force) - before, progress)
    for stack in (state.manager, state.stack):
        files.write(state.layout, stack, {folder.path for folder in state.chain_folders})
    hashes.save(state.layout, state.compose_texts, facts.config_hashes)
    for name in networks.ensure(api, state.installation, state.networks, state.pool):
        progress(Event("note", "", f"Network {name} created."))
    subnets = networks.subnets(api, state.installation)
    for stack in (state.manager, state.stack):
        files.write_start_files(state.layout, stack, subnets)
    _make_volumes(state, api, facts, progress)
    intent.record(state.layout, up=True)


def remove_unused_networks(state: DesiredState, api: Api, progress: Progress) -> None:
    """Remove our networks that the desired state does not use; one that a container is still on stays."""
    for name in networks.remove_unused(api, state.installation, {network.name for network in state.networks}):
        progress(Event("note", "", f"Network {name} removed: nothing uses it any more."))


def _make_volumes(state: DesiredState, api: Api, facts: Facts, progress: Progress) -> None:
    started = {container.service for container in facts.containers}
    for stack in (state.stack, state.manager):
        for spec in stack.services:
            if spec.name not in started:  # the others move when they are stopped: manage/apply/change.py
                moved_ids.move(api, state.layout, stack, spec, stop=lambda: None, progress=progress)
    wanted = {
        volume: stack.service(volume.service) for stack in (state.stack, state.manager) for volume in stack.volumes
    }
    for name in volumes.ensure(api, state.installation, (volume.name for volume in wanted)):
        progress(Event("note", "", f"Volume {name} created."))
    for volume, service in wanted.items():
        if service.name not in started:  # includes a volume that an interrupted `up` created
            volume_owner.set_owner(api, state.installation, volume.name, volume.uid, service.image.reference)


def _report_adopted(state: DesiredState, facts: Facts, made: set[str], progress: Progress) -> None:
    """Warn about volumes that are older than their secrets: they are adopted with new ones."""
    found = {volume.service: volume.name for volume in state.stack.volumes if volume.name in facts.volumes}
    for service in sorted({use.service for use in state.secret_uses if use.name in made} & found.keys()):
        names = sorted({use.name for use in state.secret_uses if use.service == service and use.name in made})
        older = f"Volume {found[service]} is older than its secrets ({', '.join(names)})"
        progress(Event("warning", service, f"{older}: it is kept and gets the new ones."))


def _steps(state: DesiredState, selection: Selection) -> list[Step]:
    return [
        *(Step(operation.kind, operation.service, state.manager.project) for operation in selection.manager),
        *(Step(operation.kind, operation.service, state.stack.project) for operation in selection.stack),
        *(Step("keep", service, "") for service in selection.unproven),
    ]


def _summary(done: Receipt) -> str:
    names = [step.service for step in done.operations]
    return f"{words.listing(names)} now {'matches' if len(names) == 1 else 'match'} stack.yml (change {done.number})."
