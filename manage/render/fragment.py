"""One service: its configuration files and its compose fragment, rendered and parsed back. Pure."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import jinja2
import yaml

from manage.catalog import sizes
from manage.catalog.model import Service
from manage.errors import NodeyardError
from manage.installation.layout import CHECKOUT
from manage.render import environment, wiring
from manage.render.wiring import Services

FILES_TARGET = "/etc/nodeyard"
FOLDERS = ("profiles/services", "templates")
"""Where a folder with `compose.yml.j2` and `files/` lies in the checkout: a service, or a part that all share."""


@dataclass(frozen=True)
class Fragment:
    """What the templates made of one service."""

    compose: dict[str, Any]
    files: Mapping[str, bytes]
    files_dir: str


def render_files(here: Services, service: Service) -> dict[str, bytes]:
    """The service's configuration files by name."""
    return render_folder(
        service.name,
        {
            "service": service,
            "settings": here.config.settings[service.name],
            "network": here.config.network,
            "stack": here.stack,
            "databases": wiring.databases(here),
            "rpc_users": wiring.rpc_users(here),
            "locations": wiring.locations(here),
            "watched": wiring.watched(here),
        },
    )


def render_folder(name: str, values: Mapping[str, Any]) -> dict[str, bytes]:
    """Every file of `<name>/files/`, those that end in `.j2` rendered with `values` and called without it."""
    jinja = environment.files()
    files: dict[str, bytes] = {}
    for template in _file_templates(name):
        path = f"{name}/files/{template}"
        try:
            text = jinja.get_template(path).render(values) if template.endswith(".j2") else _verbatim(path)
        except (jinja2.TemplateError, ValueError, KeyError) as error:
            raise _broken(path, error) from error
        files[template.removesuffix(".j2")] = text.encode()
    return files


def files_digest(files: Mapping[str, bytes]) -> str:
    """sha256 hex over names and contents: the address of a folder of rendered files."""
    digest = hashlib.sha256()
    for name, content in sorted(files.items()):
        digest.update(f"{name}\0{len(content)}\0".encode() + content)
    return digest.hexdigest()


def render_compose(service: Service, values: Mapping[str, Any]) -> dict[str, Any]:
    """The compose service as parsed back from `<service>/compose.yml.j2`; keys without a value are left out.

    `values` are the names that the templates use: see `manage.render.stack` and `manage.render.reference`.
    """
    path = f"{service.name}/compose.yml.j2"
    try:
        text = environment.compose().get_template(path).render(values, service=service)
        parsed = yaml.load(text, yaml.CSafeLoader)
    except jinja2.TemplateNotFound as error:
        raise NodeyardError(
            f"{service.name} has no template {error.name}.",
            "docs/architecture.md says how a service is added.",
        ) from error
    except (jinja2.TemplateError, yaml.YAMLError, ValueError, KeyError) as error:
        raise _broken(path, error) from error
    return {key: value for key, value in parsed.items() if value not in (None, [], {})}


def common(here: Services, service: Service, *, uid: int) -> dict[str, Any]:
    """The values that both modes of the templates share."""
    config = here.config
    return {
        "settings": config.settings[service.name],
        "network": config.network,
        "stack": here.stack,
        "uid": uid,
        "program": [] if service.simulated else list(service.entrypoint.get(config.image_source, ())),
        "memory_bytes": sizes.parse(config.memory[service.name]),
        "networks": list(service.networks),
        "published": [
            published
            for port in service.ports
            if (published := _published(port, config.settings[service.name], config.bind, config.port_base))
        ],
    }


def _published(port: Any, settings: Mapping[str, Any], address: str, base: int) -> dict[str, Any] | None:
    if port.publish == "loopback":
        return {"target": port.number, "published": str(base + port.offset), "host_ip": address}
    if port.publish and settings[port.publish.removeprefix("public:")]:
        return {"target": port.number, "published": str(port.number), "host_ip": "0.0.0.0"}
    return None


@lru_cache
def _file_templates(service: str, root: Path = CHECKOUT) -> tuple[str, ...]:
    for start in FOLDERS:
        folder = root / start / service / "files"
        if folder.is_dir():
            return tuple(sorted(path.name for path in folder.iterdir()))
    return ()


@lru_cache
def _verbatim(path: str, root: Path = CHECKOUT) -> str:
    start = next(start for start in FOLDERS if (root / start / path).is_file())
    return (root / start / path).read_text(encoding="utf-8")


def _broken(path: str, error: Exception) -> NodeyardError:
    reason = json.dumps(str(error), ensure_ascii=False)
    return NodeyardError(f"{path} cannot be rendered: {reason}.", "This is a fault in Nodeyard, not in stack.yml.")
