"""Problems of a service in sentences: its files, its keys, and its render on every network."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from manage import config
from manage.catalog import Catalog, load_catalog
from manage.catalog.model import NETWORKS, Network, Service
from manage.errors import NodeyardError
from manage.installation.identity import Installation
from manage.installation.layout import CHECKOUT, Layout
from manage.render.model import Image
from manage.render.stack import render_manager, render_stack
from manage.render.wiring import image_names


def problems(layout: Layout, name: str = "", root: Path = CHECKOUT) -> tuple[str, ...]:
    """Problems of the service `name`, or of every service. Raises NodeyardError for an unknown name."""
    try:
        catalog = load_catalog(layout if layout.services_dir.is_dir() else None, root)
        every = {network: catalog.services(network) for network in NETWORKS}
    except NodeyardError as error:
        return tuple(line.strip() for line in error.message.splitlines())
    chosen = [catalog.service(name, "mainnet")] if name else list(every["mainnet"].values())
    found = [sentence for service in chosen for sentence in _missing_files(service, root)]
    for network in NETWORKS:
        found += _render(catalog, network, chosen)
    return tuple(dict.fromkeys(found))


def _missing_files(service: Service, root: Path) -> Iterator[str]:
    wanted = {
        "compose.yml.j2": "the template that starts it",
        "README.md": "the page about what it is, what it needs and how it fails",
    }
    for file, what in wanted.items():
        if not (Path(service.directory) / file).is_file():
            yield f"{service.name} has no {Path(service.directory) / file}, {what}."
    for image in {service.image, service.simulated_image} - {""}:
        if not _has_image(service, image, root):
            yield (
                f"{service.name} runs the image {image}, which nothing provides: add image/recipe.yml and a "
                "Dockerfile, or image/upstream.yml."
            )


def _has_image(service: Service, image: str, root: Path) -> bool:
    own = Path(service.directory) / "image"
    if image == service.image and any((own / file).is_file() for file in ("recipe.yml", "upstream.yml")):
        return True
    return (root / "images" / image / "recipe.yml").is_file()


def _render(catalog: Catalog, network: Network, services: Iterable[Service]) -> Iterator[str]:
    """Problems in the render of a stack with each of `services` and whatever it needs."""
    for service in services:
        profiles = _profiles(catalog, service, network)
        if not profiles:
            continue
        text = f"version: 1\nnetwork: {network}\nprofiles: [{', '.join(profiles)}]\nimages: {{source: upstream}}\n"
        try:
            chosen = config.parse(text, "stack.yml", catalog)
            images = {image: Image(image, image, image) for image in image_names(catalog, chosen)}
            installation, folder = Installation("00000000", "check"), Path("/var/lib/nodeyard")
            stack = render_stack(catalog, chosen, installation, images, {}, folder)
            render_manager(catalog, chosen, installation, images, {}, folder, stack)
        except NodeyardError as error:
            yield f"On {network}: {error.message}"


def _profiles(catalog: Catalog, service: Service, network: Network) -> list[str]:
    """Profiles of `network` that deploy the service. One of the operator's may use what any profile provides: all."""
    able = [profile for profile in catalog.profiles.values() if network in profile.networks]
    if service.own:
        return [profile.name for profile in able]
    if service.group == "manager":
        return [able[0].name] if able else []
    return next(([profile.name] for profile in able if service.name in profile.services), [])
