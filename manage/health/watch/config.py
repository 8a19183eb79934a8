"""`watch.json`, the rendered list of what is watched. Unknown and missing options and thresholds are refused."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from manage import untrusted
from manage.catalog.drivers.options import option_values, threshold_values
from manage.catalog.drivers.read import declaration
from manage.catalog.model import NETWORKS, Need
from manage.errors import NodeyardError
from manage.health.drivers import SECRETS, Endpoint, Target
from manage.immutable import dataclass

VERSION = 1


@dataclass(frozen=True)
class WatchConfig:
    """What watch reads from `watch.json`."""

    name: str
    network: str
    targets: tuple[Target, ...]
    """In the order in which they are shown everywhere."""


class ConfigFile:
    """`watch.json`, which the CLI and the agent replace when a service appears, leaves or is asked in another way."""

    def __init__(self, path: Path, directory: Path, secrets: Path) -> None:
        self._parts = path, directory, secrets
        self._seen = self._stamp()

    def changed(self) -> WatchConfig | None:
        """The new configuration; None if the file is the same as before. Raises NodeyardError for a broken one."""
        stamp = self._stamp()
        if stamp == self._seen:
            return None
        self._seen = stamp
        return load(*self._parts)

    def _stamp(self) -> tuple[int, int, int]:
        try:
            found = self._parts[0].stat()
        except OSError:
            return 0, 0, 0
        return found.st_ino, found.st_mtime_ns, found.st_size


def load(path: Path, directory: Path, secrets: Path = SECRETS) -> WatchConfig:
    """Read `watch.json`; `directory` is the installation, `secrets` where secrets are mounted.

    Raises NodeyardError when it is missing, broken, or of a newer version.
    """
    try:
        document = untrusted.parse_json(untrusted.content(path))
    except OSError as fault:
        raise NodeyardError(f"{path} cannot be read: {fault.strerror}.", "Start the manager with: manage up") from fault
    except ValueError as fault:
        raise NodeyardError(f"{path} is not JSON: {fault}.", "Start the manager with: manage up") from fault
    if not isinstance(document, dict) or not isinstance(document.get("version"), int):
        raise NodeyardError(f"{path} has no version.", "Start the manager with: manage up")
    if document["version"] > VERSION:
        raise NodeyardError(f"{path} was written by a newer manage.", "Start the manager with that version: manage up")
    try:
        return parse(document, directory, secrets)
    except KeyError as fault:
        raise NodeyardError(f"{path} lacks the key {fault}.", "Start the manager with: manage up") from fault
    except (TypeError, ValueError) as fault:
        raise NodeyardError(f"{path} is not valid: {fault}.", "Start the manager with: manage up") from fault


def parse(document: Mapping[str, Any], directory: Path, secrets: Path) -> WatchConfig:
    """The configuration in a `watch.json` document. Raises KeyError, TypeError or ValueError for a fault."""
    network = document["network"]
    if network not in NETWORKS:
        raise ValueError(f"network {network}")
    services = document["services"]
    databases = tuple(sorted({service["database"] for service in services if service.get("database")}))
    targets = tuple(_target(service, network, databases, directory, secrets) for service in services)
    return WatchConfig(document["name"], network, targets)


def _target(
    service: Mapping[str, Any], network: str, databases: tuple[str, ...], directory: Path, secrets: Path
) -> Target:
    declared = declaration(service["driver"])
    try:
        thresholds = threshold_values(declared, service.get("thresholds", {}))
        options = option_values(declared, service.get("options", {}))
    except ValueError as fault:
        raise ValueError(f"{service['name']}: {fault}") from fault
    return Target(
        name=service["name"],
        title=service["title"],
        group=service["group"],
        driver=service["driver"],
        network=network,
        ports={name: _endpoint(port) for name, port in service.get("ports", {}).items()},
        needs=tuple(Need(need["service"], need["check"]) for need in service.get("needs", ())),
        thresholds=thresholds,
        options=options,
        startup_s=float(service["startup_s"]),
        door=_endpoint(service["door"]) if service.get("door") else None,
        simulated=bool(service.get("simulated", False)),
        database=service.get("database", ""),
        databases=databases,
        directory=directory,
        secrets=secrets,
    )


def _endpoint(port: Mapping[str, Any]) -> Endpoint:
    authority, tls = port.get("authority", ""), bool(port.get("tls", False))
    return Endpoint(port["host"], int(port["port"]), port["scheme"], authority, tls)
