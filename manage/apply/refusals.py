"""Preconditions of a change: each raises before anything is changed, and names the obstacle."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from manage import words
from manage.apply.desired_state import DesiredState
from manage.engine.facts import image_id, limits_memory
from manage.engine.model import ContainerFacts, Facts
from manage.errors import EXIT_USAGE, NodeyardError
from manage.events import Event, Progress
from manage.installation import identity
from manage.installation.identity import Installation
from manage.installation.labels import LABEL_INSTALLATION
from manage.installation.layout import Layout
from manage.plan.model import STARTING, Operation, Plan

if TYPE_CHECKING:
    from manage.engine.client import Api
    from manage.host import disks


def require_known_services(names: Iterable[str], services: Collection[str]) -> None:
    """Raise NodeyardError for a name that is not one of this stack's `services`."""
    for name in names:
        if name not in services:
            raise NodeyardError(
                f"There is no service {name} in this stack.",
                words.suggestion(name, services),
                exit_code=EXIT_USAGE,
            )


def require_own_containers(containers: Iterable[ContainerFacts], installation: Installation) -> None:
    """Raise NodeyardError for containers with our project's name but without our id, which compose would change."""
    foreign = [container for container in containers if container.installation != installation.id]
    if foreign:
        names = ", ".join(container.name for container in foreign)
        raise NodeyardError(
            f"{names}: belongs to compose project {foreign[0].project}, but not to this installation (the label "
            f"{LABEL_INSTALLATION}={installation.id} is missing). Nothing was changed.",
            "Another installation or compose file uses this project's name: rename or remove what you do not need.",
        )


def require_containers(containers: Iterable[ContainerFacts], services: Sequence[str]) -> None:
    """Raise NodeyardError for a service that has no container to restart."""
    missing = sorted(set(services) - {container.service for container in containers})
    if missing:
        raise NodeyardError(
            f"{words.listing(missing)} {'has' if len(missing) == 1 else 'have'} no container to restart.",
            "Start what is missing: manage up",
        )


def require_manager_unchanged(plan: Plan) -> None:
    """Raise NodeyardError if a container of the manager would change: the agent cannot replace its own.

    A reload changes no container: watch is connected to a network and reads its list again.
    """
    changes = [operation for operation in plan.changes if operation.kind != "reload"]
    if changes:
        what = ", ".join(f"{operation.service} ({operation.kind})" for operation in changes)
        raise NodeyardError(
            f"The manager itself would change: {what}. The agent cannot replace its own container.",
            "Run this on the host: manage up",
        )


def require_moved_ids(layout: Layout) -> None:
    """Raise NodeyardError until one whole `manage up` on the host has taken the installation over."""
    if not identity.is_current(layout):
        raise NodeyardError(
            "An earlier version of Nodeyard set this installation up, and not all of its services have moved to their "
            "present user ids.",
            "Run on the host, without names of services: manage up",
        )


def require_images(api: Api, state: DesiredState, operations: Iterable[Operation]) -> None:
    """Raise NodeyardError for a needed image that is no longer on the engine: compose must not pull it."""
    making = {operation.service for operation in operations if operation.kind in ("create", "recreate")}
    wanted = {spec.image.reference for spec in state.services if spec.name in making}
    missing = {reference for reference in wanted if not image_id(api, reference)}
    if missing:
        raise NodeyardError(
            f"Images of this stack are not on this engine: {', '.join(sorted(missing))}.",
            "Run on the host: manage images build",
        )


def require_free_ports(api: Api, state: DesiredState, operations: Sequence[Operation], *, host: bool) -> None:
    """Raise NodeyardError if a service that is about to start needs a port that is not free at its turn, or, on the
    host, an address that this machine does not have. The agent is in a network of its own and cannot tell.

    The engine notices only after the old container is gone, so another service of ours counts too, until an earlier
    operation has taken the port from it.
    """
    from manage.engine import published_ports  # imported here and below: most runs of `up` start nothing
    from manage.host import ports

    ours, others = published_ports.read(api, state.installation)
    published = {spec.name: ports.published_by(spec.compose) for spec in state.services}
    wanted = [
        endpoint
        for operation in operations
        if operation.kind in STARTING
        for endpoint in published.get(operation.service, ())
        if endpoint not in ours
    ]
    if wanted and host:
        ports.require_addresses(wanted)
    if wanted:
        processes = [listener for listener in ports.listening() if listener.endpoint not in ours]
        ports.require_free(wanted, (*others, *processes))
    ports.require_order([(step.service, step.kind, published.get(step.service, ())) for step in operations], ours)


def require_fit_host(
    api: Api, state: DesiredState, facts: Facts, operations: Iterable[Operation], *, host: bool, progress: Progress
) -> None:
    """Raise NodeyardError in an unprivileged LXC, for too little disk and for too few processors; warn if a limit
    exceeds the memory or has no effect.

    Disk space counts only for services that have no data yet, each on the disk that will hold it.
    """
    from manage.host import disks, preflight

    making = {operation.service: operation.kind for operation in operations if operation.kind in ("create", "recreate")}
    if not making:
        return
    machine = preflight.read()
    limits = {spec.name: float(spec.compose.get("cpus", 0)) for spec in state.services if spec.name in making}
    checks = [preflight.not_unprivileged_lxc(machine), preflight.cpus(machine, limits)]
    info = api.info()
    root = Path(info["DockerRootDir"])
    # The agent cannot see Docker's folder; the installation's folder is on the same disk unless one of them was moved.
    needs = _disk_needs(state, facts, making, root if root.exists() else state.layout.dir, host=host)
    preflight.require_passed([*checks, *disks.checks(needs, disks.disk_of)])
    memory = preflight.memory(machine, {name: size for name, size in state.memory_bytes.items() if name in making})
    for check in (memory, preflight.memory_cgroup(limits_memory(info))):
        if not check.ok:
            progress(Event("warning", "", f"{check.sentence} {check.hint}"))


def _disk_needs(
    state: DesiredState, facts: Facts, making: Mapping[str, str], docker: Path, *, host: bool
) -> Iterator[disks.Need]:
    """What services that have no data yet will store. The agent starts a chain only in a folder that already has it."""
    from manage.host import chain_folder, disks

    folders = {folder.service: folder.path for folder in state.chain_folders}
    volumes = {volume.service: volume.name in facts.volumes for volume in state.stack.volumes}
    for name, kind in making.items():
        if name in folders:
            new = host and (not (found := chain_folder.look(folders[name])).exists or found.empty)
        else:
            new = not volumes[name] if name in volumes else kind == "create"
        if new:
            yield disks.Need(name, folders.get(name, docker), state.disk_bytes.get(name, 0))
