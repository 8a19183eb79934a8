"""How each kind of operation is done. One operation, one compose call or one engine call by id."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from manage.engine import compose
from manage.engine.client import Api
from manage.engine.model import ContainerFacts
from manage.errors import NodeyardError
from manage.events import Event, Progress
from manage.installation.identity import Installation
from manage.installation.labels import LABEL_INSTALLATION
from manage.plan.model import Operation

RELOAD_SIGNAL = "SIGHUP"
"""What nginx, Prometheus and PostgreSQL take for "read your configuration again"."""
DEFAULT_GRACE_S = 10
"""What the engine grants a container that names no time of its own (docker/cli reference, container stop)."""
UP = ("up", "-d", "--no-deps", "--no-build", "--pull", "never")


@dataclass(frozen=True)
class Tools:
    """What an operation is done with."""

    api: Api
    installation: Installation
    project: compose.Project
    containers: tuple[ContainerFacts, ...]
    lock: int
    progress: Progress


def carry_out(operation: Operation, tools: Tools) -> None:
    """Do it, and return when the engine has done it; whether the service is well is the gate's question.

    Raises NodeyardError with compose's or the engine's words, KeyboardInterrupt after a Ctrl-C.
    """
    container = _find(tools, operation)
    match operation.kind:
        case "create":
            _compose(tools, operation.service, *UP, operation.service)
        case "recreate":
            _clear_half_made(tools, operation.service)
            _unpause(tools.api, container)
            _compose(tools, operation.service, *UP, "--force-recreate", operation.service)
        case "restart":
            _restart(tools.api, _present(container, operation))
        case "reload":
            tools.api.kill(_present(container, operation).id, RELOAD_SIGNAL)
        case "unpause":
            tools.api.unpause(_present(container, operation).id)
        case "remove":
            remove(tools.api, tools.installation, _present(container, operation))
        case "keep":
            pass


def _find(tools: Tools, operation: Operation) -> ContainerFacts | None:
    """Our container that the operation is about: by its id where the plan names one, else by service."""
    ours = _ours(tools)
    if operation.container_id:
        return next((container for container in ours if container.id == operation.container_id), None)
    return next((container for container in ours if container.service == operation.service), None)


def _ours(tools: Tools) -> list[ContainerFacts]:
    """Our containers of the project at hand."""
    return [c for c in tools.containers if c.installation == tools.installation.id and c.project == tools.project.name]


def _clear_half_made(tools: Tools, service: str) -> None:
    """Remove what a killed compose left: two containers of one service, that compose would rename over one another."""
    found = [container for container in _ours(tools) if container.service == service]
    if len(found) > 1:
        for container in found:
            remove(tools.api, tools.installation, container)


def remove(api: Api, installation: Installation, container: ContainerFacts) -> None:
    """Stop and remove one container by its id, after one more look that it is ours. Its volumes stay."""
    from docker.errors import NotFound

    try:
        config = api.inspect_container(container.id)["Config"]
        if (config.get("Labels") or {}).get(LABEL_INSTALLATION) != installation.id:
            raise NodeyardError(f"{container.name} is not of this installation; it was not touched.")
        _unpause(api, container)
        api.stop(container.id, timeout=_grace_s(config))
        api.remove_container(container.id)
    except NotFound:
        return


def _restart(api: Api, container: ContainerFacts) -> None:
    """Stop it and start it again by its id: it runs on as it is, whatever stack.yml says meanwhile."""
    config = api.inspect_container(container.id)["Config"]
    _unpause(api, container)
    api.restart(container.id, timeout=_grace_s(config))


def _grace_s(config: Mapping[str, Any]) -> int:
    """Seconds of the container's own stop_grace_period. The SDK is told: it waits no longer than what it knows of."""
    return int(config.get("StopTimeout") or DEFAULT_GRACE_S)


def _unpause(api: Api, container: ContainerFacts | None) -> None:
    """A paused container cannot be stopped; asked anew, since the plan may have had it unpaused, or it is gone."""
    from docker.errors import NotFound

    with contextlib.suppress(NotFound):
        if container is not None and api.inspect_container(container.id)["State"]["Paused"]:
            api.unpause(container.id)


def _present(container: ContainerFacts | None, operation: Operation) -> ContainerFacts:
    if container is None:
        raise NodeyardError(
            f"{operation.service} has no container any more, so there is nothing to {operation.kind}.",
            "Somebody removed it meanwhile: run manage up again.",
        )
    return container


def _compose(tools: Tools, service: str, *words: str) -> None:
    told: Callable[[], None] = lambda: tools.progress(  # noqa: E731
        Event("warning", service, "Ctrl-C: this step is finished first, or the service would stay half replaced.")
    )
    compose.run(compose.argv(tools.project, *words), lock=tools.lock, on_interrupt=told)
