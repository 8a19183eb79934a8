"""Catalog + config + images + secret generations -> the two Compose projects of an installation. Pure."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import Any

from manage.catalog import Catalog
from manage.catalog.model import Service
from manage.config.model import Config
from manage.errors import NodeyardError
from manage.immutable import dataclass
from manage.installation.labels import LABEL_SPEC, chain_marker
from manage.installation.layout import Layout
from manage.render import (
    compose_document,
    contract,
    environment,
    fragment,
    hardening,
    names,
    networks,
    watch_list,
    wiring,
)
from manage.render.contract import RenderedService
from manage.render.model import Image, Installation, NetworkSpec, OneWay, ServiceSpec, Stack, VolumeSpec
from manage.render.networks import Network
from manage.render.spec import spec_digest
from manage.render.wiring import ServiceGraph

GUARD = """\
[ -e "$0" ] || {
  echo "Nodeyard: $0 is missing, so this folder does not hold the chain. Is its disk mounted?" >&2
  exit 78
}
exec "$@"
"""
"""For `sh -c`, with the marker's path as $0. 78 is EX_CONFIG of sysexits.h. The restart policy tries again."""


def render_stack(  # noqa: PLR0917 (what a render depends on, in the order of the work)
    catalog: Catalog,
    config: Config,
    installation: Installation,
    images: Mapping[str, Image],
    generations: Mapping[str, int],
    directory: Path,
    owners: Mapping[str, int] | None = None,
) -> Stack:
    """The stack's project. The same inputs give the same bytes. `directory` is only used in paths and never read.

    `generations` maps each secret to the number of its value (default 1); `owners` maps services to the uid of the
    chain folder that they adopted. Raises NodeyardError for a missing image, a template that breaks the hardening
    preset, and addresses that lead nowhere.
    """
    graph = wiring.service_graph(catalog, config, installation.id)
    render = _Render(graph, installation, images, generations, Layout(directory), owners or {})
    stack = render.project(installation.project, graph.stack)
    _check_contract(
        graph,
        render.rendered(stack),
        {name: RenderedService(service, "", "") for name, service in graph.manager.items()},
    )
    return stack


def render_manager(  # noqa: PLR0917 (as above)
    catalog: Catalog,
    config: Config,
    installation: Installation,
    images: Mapping[str, Image],
    generations: Mapping[str, int],
    directory: Path,
    stack: Stack,
) -> Stack:
    """The manager's project (agent, watch, dashboard), which talks to the services of `stack`; see `render_stack`."""
    graph = wiring.service_graph(catalog, config, installation.id)
    render = _Render(graph, installation, images, generations, Layout(directory), {})
    manager = render.project(installation.manager_project, graph.manager)
    _check_contract(graph, render.rendered(manager), render.rendered(stack))
    return manager


@dataclass(frozen=True)
class _Render:
    """The inputs that every service of a project shares."""

    graph: ServiceGraph
    installation: Installation
    images: Mapping[str, Image]
    generations: Mapping[str, int]
    layout: Layout
    owners: Mapping[str, int]

    @cached_property
    def networks(self) -> tuple[Network, ...]:
        return networks.derived(self.graph)

    def project(self, project: str, services: Mapping[str, Service]) -> Stack:
        config = self.graph.config
        specs = tuple(self._spec(service) for service in services.values())
        text = _document(project, specs, self._top_level(services))
        return Stack(
            project=project,
            installation=self.installation.id,
            network=config.network,
            services=specs,
            volumes=tuple(
                VolumeSpec(self._volume_name(service, volume.name), service.name, volume.holds, self._uid(service))
                for service in services.values()
                for volume in service.volumes
                if not (volume.holds == "chain" and service.name in config.chain_dirs)
            ),
            networks=tuple(
                NetworkSpec(self._network_name(network), network.key, network.internal, network.masquerade)
                for network in self.networks
                if services.keys() & set(network.members)
            ),
            compose_yaml=text,
            revision=hashlib.sha256(text.encode()).hexdigest(),
        )

    def rendered(self, stack: Stack) -> dict[str, RenderedService]:
        services = self.graph.all
        return {
            spec.name: contract.rendered_service(services[spec.name], spec.compose, spec.files)
            for spec in stack.services
        }

    def _spec(self, service: Service) -> ServiceSpec:
        image = self._image(service)
        files = fragment.render_files(self.graph, service)
        files_dir = str(self.layout.files_dir / f"{service.name}-{fragment.files_digest(files)[:12]}")
        secrets = {use.name: self.generations.get(use.name, 1) for use in wiring.secrets_of(self.graph, service)}
        values = self._values(service, image, files_dir if files else "", secrets)
        compose = fragment.render_compose(self.graph, service, values)
        start_files = fragment.render_start_files(
            self.graph, service, {port: names.subnet_token(name) for port, name in self._port_networks(service)}
        )
        folders = [str(self.layout.dir), *self.graph.config.chain_dirs.values()]
        if service.own:
            hardening.require_skeleton(
                service, compose, fragment.render_skeleton(service, values), str(self.layout.dir)
            )
            folders = [mount["source"] for mount in values["mounts"] if mount["type"] == "bind"]
        hardening.require_preset(service, compose, folders)
        spec = ServiceSpec(
            name=service.name,
            group=service.group,
            compose=compose,
            files=files,
            files_dir=files_dir if files else "",
            image=image,
            secrets=secrets,
            spec_digest="",
            downtime_s=service.downtime_s,
            startup_s=service.startup_s,
            rollback=service.rollback,
            one_way=self._one_way(service),
            start_files=start_files,
            live_networks=tuple(
                self._network_name(network)
                for network in self.networks
                if service.name in network.members and networks.is_live(network, service.name)
            ),
            live_file=watch_list.document(self.graph) if service.name == wiring.WATCH else b"",
        )
        return replace(spec, spec_digest=spec_digest(compose, spec.all_files, secrets, image))

    def _port_networks(self, service: Service) -> list[tuple[str, str]]:
        """(port, full name of its network) of each port that others connect to."""
        return [(n.port.name, self._network_name(n)) for n in self.networks if n.server == service.name and n.port]

    def _values(self, service: Service, image: Image, files_dir: str, secrets: Mapping[str, int]) -> dict[str, Any]:
        return fragment.common(self.graph, service, uid=self._uid(service)) | {
            "reference": False,
            "image": image.reference,
            "pull_never": True,
            "installation": self.installation.id,
            "dir": str(self.layout.dir),
            "control_dir": str(self.layout.sandbox_socket(service.name).parent),
            "files_dir": files_dir,
            "mounts": self._mounts(service, files_dir),
            "guard": self._guard(service),
            "secrets": [
                {"name": name, "source": _secret_source(service.name, name, generation)}
                for name, generation in secrets.items()
            ],
        }

    def _mounts(self, service: Service, files_dir: str) -> list[dict[str, Any]]:
        mounts = [environment.bind(files_dir, fragment.FILES_TARGET)] if files_dir else []
        if fragment.has_start_files(service):
            mounts.append(environment.bind(str(self.layout.start_files(service.name)), fragment.START_TARGET))
        for volume in service.volumes:
            folder = self.graph.config.chain_dirs.get(service.name) if volume.holds == "chain" else None
            if folder:
                mounts.append(environment.bind(folder, volume.path, read_only=False))
            else:
                source = _volume_key(service.name, volume.name)
                mounts.append(environment.volume(source, volume.path))
        return mounts

    def _guard(self, service: Service) -> list[str]:
        """A node on a chain folder runs through it: the node starts only if our marker is there (docker-facts 35)."""
        for volume in service.volumes:
            if volume.holds == "chain" and service.name in self.graph.config.chain_dirs:
                marker = chain_marker(service.name, self.installation.id)
                return ["/bin/sh", "-c", GUARD, f"{volume.path}/{marker}"]
        return []

    def _uid(self, service: Service) -> int:
        return self.owners.get(service.name, service.uid)

    def _top_level(self, services: Mapping[str, Service]) -> dict[str, Any]:
        """The external networks, volumes and secret files that the project's services use."""
        used = {key for service in services.values() for key in networks.compose_networks(self.graph, service)}
        config = self.graph.config
        return {
            "networks": {
                network.key: {"external": True, "name": self._network_name(network)}
                for network in self.networks
                if network.key in used
            },
            "volumes": {
                _volume_key(service.name, volume.name): {
                    "external": True,
                    "name": self._volume_name(service, volume.name),
                }
                for service in services.values()
                for volume in service.volumes
                if not (volume.holds == "chain" and service.name in config.chain_dirs)
            },
            "secrets": {
                _secret_source(service.name, use.name, generation): {
                    "file": compose_document.escaped(
                        str(self.layout.secret_copies_dir / service.name / f"{use.name}_g{generation}")
                    )
                }
                for service in services.values()
                for use in wiring.secrets_of(self.graph, service)
                for generation in (self.generations.get(use.name, 1),)
            },
        }

    def _volume_name(self, service: Service, volume: str) -> str:
        return names.volume_name(self.installation.project, self.graph.config.network, service.name, volume)

    def _network_name(self, network: Network) -> str:
        return names.network_name(self.installation.project, network.key)

    def _image(self, service: Service) -> Image:
        if service.image not in self.images:
            raise NodeyardError(
                f"{service.name} needs the image {service.image}, which is not locked.", "Build it: manage images build"
            )
        return self.images[service.image]

    def _one_way(self, service: Service) -> dict[str, OneWay]:
        settings = self.graph.config.settings[service.name]
        return {
            setting.key: OneWay(settings[setting.key], setting.one_way_when, setting.one_way)
            for setting in service.settings
            if setting.effect == "one-way"
        }


def _document(project: str, specs: tuple[ServiceSpec, ...], top_level: Mapping[str, Any]) -> str:
    services = {
        spec.name: {**spec.compose, "labels": {**spec.compose["labels"], LABEL_SPEC: spec.spec_digest}}
        for spec in specs
    }
    document = {"name": project, "services": services} | {key: value for key, value in top_level.items() if value}
    return compose_document.dump(document, sort_keys=True)


def _check_contract(
    graph: ServiceGraph, rendered: Mapping[str, RenderedService], others: Mapping[str, RenderedService]
) -> None:
    remotes = contract.operator_texts(graph.config.settings)
    contract.require_reachable(rendered.values(), {**others, **rendered}, remotes, graph)


def _volume_key(service: str, volume: str) -> str:
    return f"{service}_{volume}"


def _secret_source(service: str, name: str, generation: int) -> str:
    """Includes the generation, because Compose does not notice a change of the path alone (docker-facts 1)."""
    return f"{service}_{name}_g{generation}"
