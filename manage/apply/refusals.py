"""What stops a change before it has changed anything. Every refusal names what is in the way."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from manage.apply.desired_state import Work
from manage.apply.events import Event, Progress
from manage.engine import published
from manage.engine.client import Api
from manage.engine.model import LABEL_INSTALLATION, ContainerFacts, Facts
from manage.errors import NodeyardError
from manage.host import ports, preflight
from manage.host.identity import Installation
from manage.plan.model import Operation, Plan

STARTING = ("create", "recreate", "restart")


def strangers(containers: Iterable[ContainerFacts], installation: Installation) -> None:
    """Containers that carry our project's name and not our id: compose would take them for ours. Never touched."""
    foreign = [container for container in containers if container.installation != installation.id]
    if foreign:
        names = ", ".join(container.name for container in foreign)
        raise NodeyardError(
            f"{names}: of compose project {foreign[0].project}, but not of this installation (it lacks the label "
            f"{LABEL_INSTALLATION}={installation.id}). Nothing was touched.",
            "Another installation or compose file uses this project's name: remove or rename what is not wanted.",
        )


def manager_would_change(plan: Plan) -> None:
    """For the agent, which cannot replace itself: the manager's project is changed on the host only."""
    if plan.changes:
        what = ", ".join(f"{operation.service} ({operation.kind})" for operation in plan.changes)
        raise NodeyardError(
            f"The manager itself would change: {what}. Nobody replaces himself.", "Run this on the host: manage up"
        )


def missing_images(work: Work, facts: Facts, operations: Iterable[Operation]) -> None:
    """Images that a service is to be made from and that somebody removed: compose may not pull them."""
    making = {operation.service for operation in operations if operation.kind in ("create", "recreate")}
    missing = {
        spec.image.reference
        for spec in work.services
        if spec.name in making and spec.image.reference not in facts.images
    }
    if missing:
        raise NodeyardError(
            f"Images that this stack is made from are not on this engine: {', '.join(sorted(missing))}.",
            "Make them on the host: manage images build",
        )


def taken_ports(api: Api, work: Work, operations: Iterable[Operation]) -> None:
    """Ports of the services that are to start, held by anybody but this installation's own containers."""
    ours, others = published.read(api, work.installation)
    starting = {operation.service for operation in operations if operation.kind in STARTING}
    wanted = [
        endpoint
        for spec in work.services
        if spec.name in starting
        for endpoint in ports.wanted(spec.compose)
        if endpoint not in ours
    ]
    if wanted:
        processes = [listener for listener in ports.listening() if listener.endpoint not in ours]
        ports.require_free(wanted, (*others, *processes))


def unfit_host(api: Api, work: Work, facts: Facts, operations: Iterable[Operation], progress: Progress) -> None:
    """An unprivileged LXC and too little disk for volumes that are still to be filled are refusals; a limit above the
    memory is a warning."""
    creating = {operation.service for operation in operations if operation.kind == "create"}
    filled = {volume.service for volume in work.stack.volumes if volume.name in facts.volumes}
    needed = {name: size for name, size in work.disk_bytes.items() if name in creating - filled}
    if not creating:
        return
    root = Path(api.info()["DockerRootDir"])
    # The agent does not see Docker's folder; what it does see is on the same disk unless somebody moved one of them.
    host = preflight.read(root if root.exists() else work.layout.dir)
    preflight.require([preflight.not_unprivileged_lxc(host), preflight.disk(host, needed)])
    memory = preflight.memory(host, {name: size for name, size in work.memory_bytes.items() if name in creating})
    if not memory.ok:
        progress(Event("warning", "", f"{memory.sentence} {memory.hint}"))
