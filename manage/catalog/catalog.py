"""The catalog: all profiles, services, relations and rules, loaded once per command, resolved once per network."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import field
from pathlib import Path

from manage.catalog import check, profiles
from manage.catalog.document import Document, read
from manage.catalog.images import own_images, shared_images
from manage.catalog.model import GROUPS, NETWORKS, Network, Profile, Rule, Service
from manage.catalog.own_folder import require_regular
from manage.catalog.reader import unknown_name
from manage.catalog.relations import Relation, read_relations
from manage.catalog.service import build
from manage.errors import NodeyardError
from manage.immutable import dataclass
from manage.installation.layout import CHECKOUT, Layout


@dataclass(frozen=True)
class _Source:
    """One `service.yml` as read."""

    document: Document
    folder: Path
    own: bool


@dataclass(frozen=True)
class Catalog:
    """All profiles, services and rules, as loaded and checked against each other."""

    profiles: Mapping[str, Profile]
    rules: tuple[Rule, ...]
    relations: Mapping[str, Relation]
    sources: Mapping[str, _Source]
    images: frozenset[str]
    """Every image that something makes."""
    _resolved: dict[Network, dict[str, Service]] = field(default_factory=dict, repr=False)

    @property
    def names(self) -> tuple[str, ...]:
        """Every service in start order; all networks have the same order."""
        return tuple(self.services(next(iter(self._resolved), NETWORKS[-1])))

    @property
    def own(self) -> tuple[str, ...]:
        """The operator's own services."""
        return tuple(name for name in self.names if self.sources[name].own)

    @property
    def images_of_folders(self) -> Mapping[Path, str]:
        """Folder of each service -> the image that its file names."""
        return dict(_images(self.sources))

    def services(self, network: Network) -> Mapping[str, Service]:
        """Every service on `network` by name, in start order. Raises NodeyardError for problems in a file or between
        files."""
        if network not in self._resolved:
            found = [
                build(source.document, network, self.relations, folder=source.folder, own=source.own)
                for source in self.sources.values()
            ]
            problems = list(check.problems(found, self.profiles, self.rules, self.images, self.relations))
            if problems:
                raise NodeyardError("The services do not fit together:" + "".join(f"\n  {line}" for line in problems))
            self._resolved[network] = {service.name: service for service in start_order(found)}
        return self._resolved[network]

    def service(self, name: str, network: Network) -> Service:
        """The service `name` on `network`. Raises NodeyardError if there is none."""
        services = self.services(network)
        if name not in services:
            raise NodeyardError(unknown_name("service", name, services).replace("u", "U", 1))
        return services[name]


def load_catalog(layout: Layout | None = None, root: Path = CHECKOUT) -> Catalog:
    """The catalog of `root/profiles`, with the operator's own services from the folder of `layout`.

    Raises NodeyardError with every problem of a file; `services` finds problems that exist on one network only.
    """
    folder = root / "profiles"
    shipped = _sources(folder / "services", "profiles/services", own=False)
    own = _own_sources(layout) if layout is not None else {}
    for name in shipped.keys() & own.keys():
        raise NodeyardError(
            f"{own[name].document.file}: a service {name} is shipped with Nodeyard.", "Choose another name for yours."
        )
    relations = read_relations(read(folder / "relations.yml", "profiles/relations.yml", ours=True))
    if layout is not None and (file := layout.services_dir / "relations.yml").is_file():
        own_relations = read_relations(read(file, str(file)), own=True)
        for name in relations.keys() & own_relations.keys():
            raise NodeyardError(f"{file}: the relation {name} is Nodeyard's.", "Give yours another name.")
        relations |= own_relations
    return Catalog(
        profiles=profiles.read_profiles(folder),
        rules=profiles.read_rules(folder / "rules.yml"),
        relations=relations,
        sources=shipped | own,
        images=shared_images(root) | own_images(_images(shipped | own)),
    )


def _images(sources: Mapping[str, _Source]) -> Iterator[tuple[Path, str]]:
    """(folder, image) of each service whose file says which image it runs."""
    for source in sources.values():
        image = source.document.value.get("image") if isinstance(source.document.value, dict) else None
        if isinstance(image, str):
            yield source.folder, image


def _own_sources(layout: Layout) -> dict[str, _Source]:
    for path in sorted(layout.services_dir.glob("*/service.yml")):
        require_regular(path.parent)
    return _sources(layout.services_dir, str(layout.services_dir), own=True)


def _sources(folder: Path, name: str, *, own: bool) -> dict[str, _Source]:
    return {
        path.parent.name: _Source(read(path, f"{name}/{path.parent.name}/service.yml", ours=not own), path.parent, own)
        for path in sorted(folder.glob("*/service.yml"))
    }


def start_order(services: Iterable[Service]) -> list[Service]:
    """Services by group (data, chains, services, manager), then after those that they wait for, then by name.

    Raises NodeyardError if services wait for each other in a circle.
    """
    todo = {service.name: service for service in services}
    providers: dict[str, list[str]] = {}
    for service in todo.values():
        for offer in service.provides:
            providers.setdefault(offer.relation, []).append(service.name)
    order: dict[str, Service] = {}

    def visit(name: str, path: tuple[str, ...] = ()) -> None:
        if name in path:
            raise NodeyardError(f"Services wait for each other in a circle: {' -> '.join((*path, name))}.")
        if name in order or name not in todo:
            return
        service = todo[name]
        waited = {need.service for need in service.needs}
        waited |= {other for use in service.uses if not use.optional for other in providers.get(use.relation, ())}
        for other in sorted(waited - {name}):
            visit(other, (*path, name))
        order[name] = service

    for name in sorted(todo, key=lambda name: (GROUPS.index(todo[name].group), name)):
        visit(name)
    return list(order.values())
