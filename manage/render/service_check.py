"""Problems of a service in sentences: its files, its keys, and its render on every network."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from manage import config
from manage.catalog import Catalog, document, images, load_catalog, own_image
from manage.catalog.model import NETWORKS, Network, Service
from manage.catalog.reader import unknown_name
from manage.errors import EXIT_USAGE, NodeyardError
from manage.installation.identity import Installation
from manage.installation.layout import CHECKOUT, Layout
from manage.render.model import Image
from manage.render.stack import render_manager, render_stack
from manage.render.wiring import image_names


def problems(layout: Layout, name: str = "", root: Path = CHECKOUT) -> tuple[str, ...]:
    """Problems of the service `name`, or about every service. Raises NodeyardError for an unknown name."""
    folders = _folders(layout, root)
    if name and name not in folders:
        raise NodeyardError(unknown_name("service", name, folders).replace("u", "U", 1), exit_code=EXIT_USAGE)
    chosen = [name] if name else list(folders)
    found = [sentence for service in chosen for sentence in _missing_files(service, folders[service])]
    own = [folder for folder in map(folders.get, chosen) if folder and folder.parent == layout.services_dir]
    bases = images.recipes(root, {}) if own else {}
    found += [sentence for folder in own for sentence in own_image.problems(folder / "image", _image(folder), bases)]
    try:
        catalog = load_catalog(layout if layout.services_dir.is_dir() else None, root)
        for network in NETWORKS:
            catalog.services(network)
    except NodeyardError as error:
        return (*found, *(line.strip() for line in error.message.splitlines()))
    on: dict[str, list[str]] = {}
    for network in NETWORKS:
        for sentence in _render(catalog, network, [catalog.service(service, network) for service in chosen]):
            on.setdefault(sentence, []).append(network)
    found += [f"On {', '.join(dict.fromkeys(networks))}: {sentence}" for sentence, networks in on.items()]
    return tuple(dict.fromkeys(found))


def _folders(layout: Layout, root: Path) -> dict[str, Path]:
    """Service -> folder, shipped and own."""
    found = {path.name: path for path in sorted((root / "profiles/services").iterdir()) if path.is_dir()}
    if layout.services_dir.is_dir():
        found |= {path.name: path for path in sorted(layout.services_dir.iterdir()) if path.is_dir()}
    return found


def _missing_files(service: str, folder: Path) -> Iterator[str]:
    wanted = {
        "service.yml": "the file that says what it is and what it needs",
        "compose.yml.j2": "the template that says how it is started",
        "README.md": "the page that says what it is, what it needs and how it fails",
    }
    for file, what in wanted.items():
        if not (folder / file).is_file():
            yield f"{service} has no {folder / file}, {what}."


def _image(folder: Path) -> str:
    """The image that the service in `folder` names; the service's own name if its file does not say."""
    try:
        return str(document.read(folder / "service.yml", "service.yml").value["image"])
    except (NodeyardError, LookupError, TypeError):
        return folder.name


def _render(catalog: Catalog, network: Network, services: Iterable[Service]) -> Iterator[str]:
    """Problems in the render of a stack with each of `services` and whatever it needs."""
    for service in services:
        profiles = _profiles(catalog, service, network)
        if not profiles:
            continue
        text = f"version: 1\nnetwork: {network}\nprofiles: [{', '.join(profiles)}]\nimages: {{source: upstream}}\n"
        try:
            chosen = config.parse(text, "stack.yml", catalog)
            locked = {image: Image(image, image, image) for image in image_names(catalog, chosen)}
            installation, folder = Installation("00000000", "check"), Path("/var/lib/nodeyard")
            stack = render_stack(catalog, chosen, installation, locked, {}, folder)
            render_manager(catalog, chosen, installation, locked, {}, folder, stack)
        except NodeyardError as error:
            yield error.message


def _profiles(catalog: Catalog, service: Service, network: Network) -> list[str]:
    """Profiles of `network` that deploy the service. One of the operator's may use what any profile provides: all."""
    able = [profile for profile in catalog.profiles.values() if network in profile.networks]
    if service.own:
        return [profile.name for profile in able]
    if service.group == "manager":
        return [able[0].name] if able else []
    return next(([profile.name] for profile in able if service.name in profile.services), [])
