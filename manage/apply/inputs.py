"""An installation with all that a change of it starts from: identity, catalog, configuration, images, generations."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from manage.apply import secrets
from manage.apply.desired_state import Work, look
from manage.catalog.load import load as load_catalog
from manage.catalog.load import resolve
from manage.catalog.model import Catalog
from manage.catalog.sizes import parse
from manage.config import load as load_config
from manage.config.model import Config
from manage.errors import NodeyardError
from manage.host import installation as installations
from manage.host.identity import Installation
from manage.host.layout import Layout
from manage.images import lock as images
from manage.plan.model import Plan
from manage.render import image_names, render_manager, render_stack, secret_uses, spec_document
from manage.render.model import Image, Stack


@dataclass(frozen=True)
class Yard:
    layout: Layout
    installation: Installation
    catalog: Catalog
    config: Config
    images: Mapping[str, Image]
    """By image name, as locked."""
    generations: Mapping[str, int]
    """Secret -> the generation that the next `up` has in force."""


def load(layout: Layout) -> Yard:
    """Read everything in the installation's folder; no engine is asked and nothing is changed.

    Raises NodeyardError for a folder without installation, a faulty stack.yml, images that were not made yet.
    """
    installation = installations.read(layout)
    catalog = load_catalog()
    config = load_config(layout.stack_file, catalog)
    locked = images.read(layout)
    missing = [name for name in image_names(catalog, config) if name not in locked]
    if missing:
        raise NodeyardError(
            f"Images were not built or pulled yet: {', '.join(missing)}.", "Make them: manage images build"
        )
    generations = secrets.planned(layout, secret_uses(catalog, config))
    return Yard(layout, installation, catalog, config, locked, generations)


def desired(yard: Yard) -> tuple[Stack, Stack]:
    """(the stack's project, the manager's) as they should be; pure."""
    parts = (yard.catalog, yard.config, yard.installation, yard.images, yard.generations, yard.layout.dir)
    stack = render_stack(*parts, owners(yard.config))
    return stack, render_manager(*parts, stack)


def owners(config: Config) -> dict[str, int]:
    """Service -> uid that its adopted chain folder belongs to: the service runs under it, the folder keeps its owner.

    A folder of root's is not adopted: an empty one is given to the service, one with data is a NodeyardError.
    """
    found = {}
    for service, folder in config.chain_dirs.items():
        path = Path(folder)
        if not path.exists():
            continue
        uid = path.stat().st_uid
        if uid != 0:
            found[service] = uid
        elif any(path.iterdir()):
            raise NodeyardError(
                f"The folder {path} (storage.chain_dirs.{service}) belongs to root, and no chain node runs as root.",
                f"Give it and what is in it to another user: chown -R USER {path}",
            )
    return found


def work(yard: Yard) -> Work:
    """The change that `yard` asks for."""
    stack, manager = desired(yard)
    services = {
        spec.name: resolve(yard.catalog, spec.name, yard.config.network)
        for spec in (*manager.services, *stack.services)
    }
    return Work(
        layout=yard.layout,
        installation=yard.installation,
        stack=stack,
        manager=manager,
        uses=secret_uses(yard.catalog, yard.config, owners(yard.config)),
        spec_document=spec_document,
        disk_bytes={name: service.resources.disk_bytes for name, service in services.items()},
        memory_bytes={
            name: parse(yard.config.memory.get(name, service.resources.memory)) for name, service in services.items()
        },
        digests=images.identities(yard.layout),
    )


def plan_all(yard: Yard) -> tuple[Plan, Plan]:
    """(what `up` would do to the manager's project, to the stack's); reads the facts once, changes nothing."""
    outlook = look(work(yard))
    return outlook.manager, outlook.stack
