"""The configuration files and the Compose service of one service, rendered from its folder. Pure."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

import jinja2
import yaml

from manage import bounded_yaml, untrusted
from manage.catalog import demands, sizes
from manage.catalog.model import Port, Service
from manage.errors import NodeyardError
from manage.render import confined, environment, networks, wiring
from manage.render.wiring import Link, ServiceGraph

FILES_TARGET = "/etc/nodeyard"
START_TARGET = "/run/nodeyard"


def render_files(graph: ServiceGraph, service: Service) -> dict[str, bytes]:
    """The service's configuration files by name."""
    return render_folder(Path(service.directory), _file_values(graph, service), own=service.own)


def render_start_files(graph: ServiceGraph, service: Service, subnets: Mapping[str, str]) -> dict[str, bytes]:
    """Its files below `start/`, which see `subnets`: port -> what stands for the addresses of its network."""
    values = _file_values(graph, service) | {"subnets": subnets}
    return render_folder(Path(service.directory), values, own=service.own, part="start")


def _file_values(graph: ServiceGraph, service: Service) -> dict[str, Any]:
    return {
        "service": service,
        "settings": graph.config.settings[service.name],
        "network": graph.config.network,
        "door": wiring.door(graph, service),
        "users": wiring.users(graph, service),
        "uses": wiring.uses(graph, service),
        "listen": networks.listening(graph, service),
    }


def render_folder(
    folder: Path, values: Mapping[str, Any], *, own: bool = False, part: str = "files"
) -> dict[str, bytes]:
    """Every file of `<folder>/<part>/`; those that end in `.j2` are rendered with `values` and lose the ending."""
    jinja = environment.file_templates(folder.parent, own=own)
    rendered: dict[str, bytes] = {}
    for name, content in _files(folder / part) if own else _files_once(folder / part):
        try:
            rendered[name.removesuffix(".j2")] = (
                _render(jinja, f"{folder.name}/{part}/{name}", values, own=own).encode()
                if name.endswith(".j2")
                else content
            )
        except Exception as error:
            raise _broken(folder / part / name, error, own=own) from error
    return rendered


def has_start_files(service: Service) -> bool:
    return (Path(service.directory) / "start").is_dir()


def files_digest(files: Mapping[str, bytes]) -> str:
    """sha256 hex over names and contents, for the name of the folder of rendered files."""
    digest = hashlib.sha256()
    for name, content in sorted(files.items()):
        digest.update(f"{name}\0{len(content)}\0".encode() + content)
    return digest.hexdigest()


def render_compose(graph: ServiceGraph, service: Service, values: Mapping[str, Any]) -> dict[str, Any]:
    """The Compose service from `compose.yml.j2`, parsed, without empty keys.

    `values` are the names that the templates use: see `manage.render.stack` and `manage.render.reference`.
    """
    path = Path(service.directory) / "compose.yml.j2"
    links = {"users": wiring.users(graph, service), "uses": wiring.uses(graph, service)}
    try:
        jinja = environment.compose_templates(path.parent.parent, own=service.own)
        known = {**values, "service": service, "database_url": _database_url(graph), **links}
        text = _render(jinja, f"{service.name}/compose.yml.j2", known, own=service.own)
        parsed = bounded_yaml.load(text, ours=not service.own)
    except jinja2.TemplateNotFound as error:
        raise NodeyardError(
            f"{service.name} has no template {error.name}.", "CONTRIBUTING.md explains how to add a service."
        ) from error
    except Exception as error:
        raise _broken(path, error, own=service.own) from error
    if not isinstance(parsed, dict):
        raise _broken(path, ValueError("the result is not a mapping"), own=service.own)
    return {key: value for key, value in parsed.items() if value not in (None, [], {})}


def render_skeleton(service: Service, values: Mapping[str, Any]) -> dict[str, Any]:
    """The Compose service that the shared skeleton alone renders."""
    text = environment.compose_templates().get_template("service.yml.j2").render(values, service=service)
    skeleton = yaml.load(text, yaml.CSafeLoader)
    return {key: value for key, value in skeleton.items() if value not in (None, [], {})}


def common(graph: ServiceGraph, service: Service, *, uid: int) -> dict[str, Any]:
    """Values for both modes of the templates."""
    config = graph.config
    return {
        "settings": config.settings[service.name],
        "network": config.network,
        "exposed": config.exposed,
        "uid": uid,
        "stop_grace_s": demands.stop_grace_s(service, config.settings[service.name]),
        "guard": [],
        "program": [] if service.simulated else list(service.entrypoint.get(config.image_source, ())),
        "door": wiring.door(graph, service),
        "memory_bytes": sizes.parse(config.memory[service.name]),
        "outbound": config.outbound[service.name],
        "networks": networks.compose_networks(graph, service),
        "listen": networks.listening(graph, service),
        "published": [
            published
            for port in service.ports
            if (published := _published(port, config.settings[service.name], config.bind, config.port_base))
        ],
    }


def _published(port: Port, settings: Mapping[str, Any], address: str, base: int) -> dict[str, Any] | None:
    if not port.is_published(settings):
        return None
    if port.publish == "loopback":
        return {"target": port.number, "published": str(base + port.offset), "host_ip": address}
    return {"target": port.number, "published": str(port.number), "host_ip": "0.0.0.0"}


def _database_url(graph: ServiceGraph) -> Any:
    """Function of a link of the relation `database`: the URL of the user's database, without the password."""

    def url(link: Link) -> str:
        name = link.attributes["database"]
        return f"{link.scheme}://{name}@{link.host}:{link.port}/{name}_{graph.config.network}"

    return url


def _render(jinja: jinja2.Environment, name: str, values: Mapping[str, Any], *, own: bool) -> str:
    """The template `name`; one of the operator's in a process with limits."""

    def render() -> str:
        return jinja.get_template(name).render(values)

    return confined.rendered(render) if own else render()


@lru_cache
def _files_once(folder: Path) -> tuple[tuple[str, bytes], ...]:
    """`_files` of a shipped service, which does not change while this process runs."""
    return _files(folder)


def _files(folder: Path) -> tuple[tuple[str, bytes], ...]:
    """(name, content) of each file in `folder`, by name; folders in it are ignored."""
    paths = sorted(path for path in folder.glob("*") if path.is_file())
    return tuple((path.name, untrusted.content(path, links=True)) for path in paths)


def _broken(path: Path, error: Exception, *, own: bool) -> NodeyardError:
    line = f":{error.lineno}" if isinstance(error, jinja2.TemplateSyntaxError) else ""
    reason = json.dumps(str(error), ensure_ascii=False)
    hint = "Correct the template, then run: manage services check" if own else "This is a bug in Nodeyard. Report it."
    return NodeyardError(f"{path}{line} cannot be rendered: {reason}.", hint)
