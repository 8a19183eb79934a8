"""The desired state of an installation: both rendered projects, and what they need from the host."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from manage.apply.inputs import Inputs, chain_folder_owners, require_images
from manage.catalog.sizes import parse
from manage.installation.identity import Installation
from manage.installation.layout import Layout
from manage.render import render_manager, render_stack, secret_uses
from manage.render.model import NetworkSpec, SecretUse, ServiceSpec, Stack


@dataclass(frozen=True)
class DesiredState:
    """The input of `up`, `down`, `restart` and `plan`."""

    layout: Layout
    installation: Installation
    stack: Stack
    manager: Stack
    secret_uses: tuple[SecretUse, ...]
    disk_bytes: Mapping[str, int] = field(default_factory=dict)
    """Service -> bytes that it stores from the start."""
    memory_bytes: Mapping[str, int] = field(default_factory=dict)
    """Service -> its memory limit."""
    image_digests: Mapping[str, str] = field(default_factory=dict)
    """This engine's image id -> config digest."""
    pool: str = ""
    """Range from which new networks get their addresses; "" leaves it to the engine."""

    @property
    def networks(self) -> tuple[NetworkSpec, ...]:
        """The networks of both projects, each once."""
        return tuple({network.name: network for network in (*self.stack.networks, *self.manager.networks)}.values())

    @property
    def names(self) -> tuple[str, ...]:
        """All services in start order, the manager's last: the order in which messages list them."""
        return tuple(spec.name for spec in (*self.stack.services, *self.manager.services))

    @property
    def compose_texts(self) -> tuple[str, str]:
        return self.stack.compose_yaml, self.manager.compose_yaml

    @property
    def services(self) -> tuple[ServiceSpec, ...]:
        return (*self.manager.services, *self.stack.services)


def render(inputs: Inputs) -> DesiredState:
    """The state that `inputs` describe; pure, except that it reads the owners of adopted chain folders.

    Raises NodeyardError for images that were not built yet and for a chain folder that cannot be used.
    """
    require_images(inputs)
    owners = chain_folder_owners(inputs.config)
    parts = (
        inputs.catalog,
        inputs.config,
        inputs.installation,
        inputs.images,
        inputs.generations,
        inputs.layout.dir,
    )
    stack = render_stack(*parts, owners)
    manager = render_manager(*parts, stack)
    services = {
        spec.name: inputs.catalog.service(spec.name, inputs.config.network)
        for spec in (*manager.services, *stack.services)
    }
    return DesiredState(
        layout=inputs.layout,
        installation=inputs.installation,
        stack=stack,
        manager=manager,
        secret_uses=secret_uses(inputs.catalog, inputs.config, owners),
        disk_bytes={name: service.resources.disk_bytes for name, service in services.items()},
        memory_bytes={
            name: parse(inputs.config.memory.get(name, service.resources.memory)) for name, service in services.items()
        },
        pool=inputs.config.pool,
        image_digests={entry.engine_id: entry.image.config_digest for entry in inputs.locked.values()},
    )
