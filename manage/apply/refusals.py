"""Preconditions of a change: each raises before anything is changed, and names the obstacle."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from manage import words
from manage.apply.desired_state import DesiredState
from manage.engine.facts import image_id
from manage.engine.model import ContainerFacts, Facts
from manage.errors import EXIT_USAGE, NodeyardError
from manage.events import Event, Progress
from manage.installation.identity import Installation
from manage.installation.labels import LABEL_INSTALLATION
from manage.plan.model import Operation, Plan

if TYPE_CHECKING:
    from manage.engine.client import Api

STARTING = ("create", "recreate", "restart")


def require_known_services(names: Iterable[str], services: Collection[str]) -> None:
    """Raise NodeyardError for a name that is not one of this stack's `services`."""
    for name in names:
        if name not in services:
            from difflib import get_close_matches

            close = get_close_matches(name, services, 1)
            raise NodeyardError(
                f"There is no service {name} in this stack.",
                f"Did you mean {close[0]}?" if close else f"There are: {', '.join(services)}.",
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


def require_free_ports(api: Api, state: DesiredState, operations: Iterable[Operation]) -> None:
    """Raise NodeyardError if a service that is about to start needs a port that another program or container uses."""
    from manage.engine import published_ports  # imported only here and below: nothing starts if there is nothing to do
    from manage.host import ports

    ours, others = published_ports.read(api, state.installation)
    starting = {operation.service for operation in operations if operation.kind in STARTING}
    wanted = [
        endpoint
        for spec in state.services
        if spec.name in starting
        for endpoint in ports.published_by(spec.compose)
        if endpoint not in ours
    ]
    if wanted:
        processes = [listener for listener in ports.listening() if listener.endpoint not in ours]
        ports.require_free(wanted, (*others, *processes))


def require_fit_host(
    api: Api, state: DesiredState, facts: Facts, operations: Iterable[Operation], progress: Progress
) -> None:
    """Raise NodeyardError in an unprivileged LXC and for too little disk; warn if a limit exceeds the memory.

    Disk space counts only for services whose volumes do not exist yet.
    """
    from manage.host import preflight

    creating = {operation.service for operation in operations if operation.kind == "create"}
    filled = {volume.service for volume in state.stack.volumes if volume.name in facts.volumes}
    needed = {name: size for name, size in state.disk_bytes.items() if name in creating - filled}
    if not creating:
        return
    root = Path(api.info()["DockerRootDir"])
    # The agent cannot see Docker's folder; the installation's folder is on the same disk unless one of them was moved.
    host = preflight.read(root if root.exists() else state.layout.dir)
    preflight.require_passed([preflight.not_unprivileged_lxc(host), preflight.disk(host, needed)])
    memory = preflight.memory(host, {name: size for name, size in state.memory_bytes.items() if name in creating})
    if not memory.ok:
        progress(Event("warning", "", f"{memory.sentence} {memory.hint}"))
