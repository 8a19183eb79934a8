"""Catalog + config + images + secret generations -> the two compose projects of an installation. Pure."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from manage.catalog import Catalog
from manage.catalog.model import Service
from manage.config.model import Config
from manage.errors import NodeyardError
from manage.installation.labels import LABEL_SPEC
from manage.installation.layout import Layout
from manage.render import contract, environment, fragment, hardening, names, wiring
from manage.render.contract import Party
from manage.render.model import Image, Installation, OneWay, ServiceSpec, Stack, VolumeSpec
from manage.render.spec import digest
from manage.render.wiring import Services


def render_stack(  # noqa: PLR0917 (what a render depends on, in the order of the work)
    catalog: Catalog,
    config: Config,
    installation: Installation,
    images: Mapping[str, Image],
    generations: Mapping[str, int],
    directory: Path,
    owners: Mapping[str, int] | None = None,
) -> Stack:
    """The stack's project. Same inputs give the same bytes; nothing is read from `directory`, it only names paths.

    `generations` counts the changes of each secret by name (1 where it is missing); `owners` gives the uid of services
    that run under the owner of an adopted chain folder. Raises NodeyardError for a missing image, a template that
    breaks the hardening preset and addresses that lead nowhere.
    """
    here = wiring.services(catalog, config)
    render = _Render(here, installation, images, generations, Layout(directory), owners or {})
    stack = render.project(installation.project, here.stack)
    _check_contract(
        here, render.parties(stack), {name: Party(service, "", "") for name, service in here.manager.items()}
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
    """The manager's project (agent, watch, dashboard), which speaks with `stack`'s services; see `render_stack`."""
    here = wiring.services(catalog, config)
    render = _Render(here, installation, images, generations, Layout(directory), {})
    manager = render.project(installation.manager_project, here.manager)
    _check_contract(here, render.parties(manager), render.parties(stack))
    return manager


@dataclass(frozen=True)
class _Render:
    """The inputs that every service of a project shares."""

    here: Services
    installation: Installation
    images: Mapping[str, Image]
    generations: Mapping[str, int]
    layout: Layout
    owners: Mapping[str, int]

    def project(self, project: str, services: Mapping[str, Service]) -> Stack:
        config = self.here.config
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
                dict.fromkeys(
                    names.network(self.installation.project, network)
                    for service in services.values()
                    for network in service.networks
                )
            ),
            compose_yaml=text,
            revision=hashlib.sha256(text.encode()).hexdigest(),
        )

    def parties(self, stack: Stack) -> dict[str, Party]:
        services = self.here.all
        return {spec.name: contract.party(services[spec.name], spec.compose, spec.files) for spec in stack.services}

    def _spec(self, service: Service) -> ServiceSpec:
        image = self._image(service)
        files = fragment.render_files(self.here, service)
        files_dir = str(self.layout.files_dir / f"{service.name}-{fragment.files_digest(files)[:12]}")
        secrets = {use.name: self.generations.get(use.name, 1) for use in wiring.secrets_of(self.here, service)}
        values = self._values(service, image, files_dir if files else "", secrets)
        compose = fragment.render_compose(self.here, service, values)
        folders = [str(self.layout.dir), *self.here.config.chain_dirs.values()]
        if service.own:
            hardening.require_skeleton(
                service, compose, fragment.render_skeleton(service, values), str(self.layout.dir)
            )
            folders = [mount["source"] for mount in values["mounts"] if mount["type"] == "bind"]
        hardening.require_preset(service, compose, folders)
        return ServiceSpec(
            name=service.name,
            group=service.group,
            compose=compose,
            files=files,
            files_dir=files_dir if files else "",
            image=image,
            secrets=secrets,
            spec=digest(compose, files, secrets, image),
            downtime_s=service.downtime_s,
            startup_s=service.startup_s,
            rollback=service.rollback,
            one_way=self._one_way(service),
        )

    def _values(self, service: Service, image: Image, files_dir: str, secrets: Mapping[str, int]) -> dict[str, Any]:
        return fragment.common(self.here, service, uid=self._uid(service)) | {
            "reference": False,
            "image": image.reference,
            "pull_never": True,
            "installation": self.installation.id,
            "dir": str(self.layout.dir),
            "control_dir": str(self.layout.sandbox_socket(service.name).parent),
            "files_dir": files_dir,
            "mounts": self._mounts(service, files_dir),
            "secrets": [
                {"name": name, "source": _secret_source(service.name, name, generation)}
                for name, generation in secrets.items()
            ],
        }

    def _mounts(self, service: Service, files_dir: str) -> list[dict[str, Any]]:
        mounts = [environment.bind(files_dir, fragment.FILES_TARGET)] if files_dir else []
        for volume in service.volumes:
            folder = self.here.config.chain_dirs.get(service.name) if volume.holds == "chain" else None
            if folder:
                mounts.append(environment.bind(folder, volume.path, read_only=False))
            else:
                source = _volume_key(service.name, volume.name)
                mounts.append(environment.volume(source, volume.path))
        return mounts

    def _uid(self, service: Service) -> int:
        return self.owners.get(service.name, service.uid)

    def _top_level(self, services: Mapping[str, Service]) -> dict[str, Any]:
        """The external networks and volumes and the secret files that the project's services name."""
        networks = {network for service in services.values() for network in service.networks}
        config = self.here.config
        return {
            "networks": {
                network: {"external": True, "name": names.network(self.installation.project, network)}
                for network in networks
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
                    "file": str(self.layout.secret_copies_dir / service.name / f"{use.name}_g{generation}")
                }
                for service in services.values()
                for use in wiring.secrets_of(self.here, service)
                for generation in (self.generations.get(use.name, 1),)
            },
        }

    def _volume_name(self, service: Service, volume: str) -> str:
        return names.volume(self.installation.project, self.here.config.network, service.name, volume)

    def _image(self, service: Service) -> Image:
        if service.image not in self.images:
            raise NodeyardError(
                f"{service.name} needs the image {service.image}, which is not locked.", "Make it: manage images build"
            )
        return self.images[service.image]

    def _one_way(self, service: Service) -> dict[str, OneWay]:
        settings = self.here.config.settings[service.name]
        return {
            setting.key: OneWay(settings[setting.key], setting.one_way_when, setting.one_way)
            for setting in service.settings
            if setting.effect == "one-way"
        }


def _document(project: str, specs: tuple[ServiceSpec, ...], top_level: Mapping[str, Any]) -> str:
    services = {
        spec.name: {**spec.compose, "labels": {**spec.compose["labels"], LABEL_SPEC: spec.spec}} for spec in specs
    }
    document = {"name": project, "services": services} | {key: value for key, value in top_level.items() if value}
    return yaml.dump(document, Dumper=yaml.CSafeDumper, sort_keys=True, allow_unicode=True, width=10**6)


def _check_contract(here: Services, parties: Mapping[str, Party], others: Mapping[str, Party]) -> None:
    remotes = contract.operators_texts(here.config.settings)
    contract.check(parties.values(), {**others, **parties}, remotes)


def _volume_key(service: str, volume: str) -> str:
    return f"{service}_{volume}"


def _secret_source(service: str, name: str, generation: int) -> str:
    """The name carries the generation: compose would not see a change of the path alone (docker-facts 1)."""
    return f"{service}_{name}_g{generation}"
