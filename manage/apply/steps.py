"""Applies each kind of operation: one compose call, or one engine call by id."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from dataclasses import field
from typing import Any

from manage.apply import data_updates
from manage.engine import attachments, compose_cli
from manage.engine.client import Api
from manage.engine.model import ContainerFacts
from manage.errors import NodeyardError
from manage.events import Event, Progress
from manage.immutable import dataclass
from manage.installation.identity import Installation
from manage.installation.labels import LABEL_INSTALLATION
from manage.plan.model import Operation

DEFAULT_GRACE_S = 10
"""The engine's default for a container without a grace period (docker/cli reference, container stop)."""
UP = ("up", "-d", "--no-deps", "--no-build", "--pull", "never")


@dataclass(frozen=True)
class Live:
    """Full names of the networks of a service."""

    own: tuple[str, ...]
    """From its compose file."""
    attached: tuple[str, ...]
    """To which it is connected while it runs."""


@dataclass(frozen=True)
class Tools:
    """Everything that is needed to apply an operation."""

    api: Api
    installation: Installation
    project: compose_cli.ComposeProject
    containers: tuple[ContainerFacts, ...]
    lock: int
    progress: Progress
    live: Mapping[str, Live] = field(default_factory=dict)
    """By service, those that are connected to networks while they run."""


def carry_out(operation: Operation, tools: Tools) -> None:
    """Apply it, and return when the engine has done it; the gate decides whether the service is healthy.

    Raises NodeyardError with compose's or the engine's message, KeyboardInterrupt after a Ctrl-C.
    """
    container = _find(tools, operation)
    match operation.kind:
        case "create":
            _compose(tools, operation.service, *UP, operation.service)
            _attach(tools, operation.service)
        case "recreate":
            _clear_half_made(tools, operation.service)
            _unpause(tools.api, container)
            grace_s = _grace_of(tools.api, container)
            _compose(tools, operation.service, *UP, "--force-recreate", operation.service, grace_s=grace_s)
            _attach(tools, operation.service)
        case "restart":
            _restart(tools.api, _present(container, operation))
        case "update":
            data_updates.apply(tools.api, _present(container, operation), operation.service)
        case "reload":
            _attach(tools, _present(container, operation).service)
        case "unpause":
            tools.api.unpause(_present(container, operation).id)
        case "remove":
            remove(tools.api, tools.installation, _present(container, operation))
        case "keep":
            pass


def stop(operation: Operation, tools: Tools) -> None:
    """Stop the service's containers; a `recreate` replaces them afterwards."""
    for container in _ours(tools):
        if container.service == operation.service:
            _unpause(tools.api, container)
            tools.api.stop(container.id, timeout=_grace_s(tools.api.inspect_container(container.id)["Config"]))


def _attach(tools: Tools, service: str) -> None:
    if live := tools.live.get(service):
        attachments.attach(tools.api, tools.installation, service, live.own, live.attached)


def _find(tools: Tools, operation: Operation) -> ContainerFacts | None:
    """Our container that the operation changes: by id if the plan has one, else by service."""
    ours = _ours(tools)
    if operation.container_id:
        return next((container for container in ours if container.id == operation.container_id), None)
    return next((container for container in ours if container.service == operation.service), None)


def _ours(tools: Tools) -> list[ContainerFacts]:
    """Our containers of the project."""
    return [c for c in tools.containers if c.installation == tools.installation.id and c.project == tools.project.name]


def _clear_half_made(tools: Tools, service: str) -> None:
    """Remove both containers of a service that a killed compose left: compose cannot replace them."""
    found = [container for container in _ours(tools) if container.service == service]
    if len(found) > 1:
        for container in found:
            remove(tools.api, tools.installation, container)


def remove(api: Api, installation: Installation, container: ContainerFacts) -> None:
    """Stop and remove one container by its id, after checking again that it is ours. Its volumes are kept."""
    from docker.errors import NotFound

    try:
        config = api.inspect_container(container.id)["Config"]
        if (config.get("Labels") or {}).get(LABEL_INSTALLATION) != installation.id:
            raise NodeyardError(f"{container.name} does not belong to this installation; it was not changed.")
        _unpause(api, container)
        api.stop(container.id, timeout=_grace_s(config))
        api.remove_container(container.id)
    except NotFound:
        return


def _restart(api: Api, container: ContainerFacts) -> None:
    """Restart the container by its id, without applying changes of stack.yml."""
    config = api.inspect_container(container.id)["Config"]
    _unpause(api, container)
    api.restart(container.id, timeout=_grace_s(config))


def _grace_s(config: Mapping[str, Any]) -> int:
    """The container's stop_grace_period in seconds, for the SDK: its HTTP timeout would otherwise be shorter."""
    return int(config.get("StopTimeout") or DEFAULT_GRACE_S)


def _grace_of(api: Api, container: ContainerFacts | None) -> int:
    """How long the container may take to stop; 0 if it is no longer there."""
    from docker.errors import NotFound

    try:
        return _grace_s(api.inspect_container(container.id)["Config"]) if container is not None else 0
    except NotFound:
        return 0


def _unpause(api: Api, container: ContainerFacts | None) -> None:
    """A paused container cannot be stopped. Its state is read again: the plan may have unpaused or removed it."""
    from docker.errors import NotFound

    with contextlib.suppress(NotFound):
        if container is not None and api.inspect_container(container.id)["State"]["Paused"]:
            api.unpause(container.id)


def _present(container: ContainerFacts | None, operation: Operation) -> ContainerFacts:
    if container is None:
        raise NodeyardError(
            f"{operation.service} no longer has a container, so there is nothing to {operation.kind}.",
            "It was removed in the meantime. Run: manage up",
        )
    return container


def _compose(tools: Tools, service: str, *words: str, grace_s: int = 0) -> None:
    def report_interrupt() -> None:
        text = "Ctrl-C received: finishing this step first, so that the service is not left half replaced."
        tools.progress(Event("warning", service, text))

    compose_cli.run(
        compose_cli.argv(tools.project, *words),
        lock=tools.lock,
        on_interrupt=report_interrupt,
        deadline_s=compose_cli.DEADLINE_S + grace_s,
    )
