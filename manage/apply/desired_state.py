"""The desired state of an installation: both rendered projects, and what they need from the host."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import field
from pathlib import Path

from manage.apply import chain_folders
from manage.apply.chain_folders import ChainFolder
from manage.apply.inputs import Inputs, require_images
from manage.catalog import demands
from manage.catalog.sizes import parse
from manage.immutable import dataclass
from manage.installation.identity import Installation
from manage.installation.labels import chain_marker
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
    chain_folders: tuple[ChainFolder, ...] = ()
    """The folders of this host that hold a chain in place of a volume."""
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
    owners = chain_folders.owners(inputs.layout, inputs.config.chain_dirs.items())
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
        secret_uses=secret_uses(inputs.catalog, inputs.config, inputs.installation.id, owners),
        disk_bytes={
            name: demands.disk_bytes(service, inputs.config.settings[name]) for name, service in services.items()
        },
        memory_bytes={
            name: parse(inputs.config.memory.get(name, service.resources.memory)) for name, service in services.items()
        },
        chain_folders=tuple(_chain_folders(inputs, stack, owners)),
        pool=inputs.config.pool,
        image_digests={entry.engine_id: entry.image.config_digest for entry in inputs.locked.values()},
    )


def _chain_folders(inputs: Inputs, stack: Stack, owners: Mapping[str, int]) -> Iterator[ChainFolder]:
    for name, folder in inputs.config.chain_dirs.items():
        uid = owners.get(name, inputs.catalog.service(name, inputs.config.network).uid)
        marker = chain_marker(name, inputs.installation.id)
        yield ChainFolder(name, Path(folder), marker, uid, stack.service(name).image.reference)
