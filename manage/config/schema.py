"""The schema of stack.yml: core keys and every service's settings. Validation, documentation and form use it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from manage.catalog import Catalog
from manage.catalog.model import NETWORKS, Network, Service, Setting
from manage.catalog.sizes import UNITS
from manage.immutable import dataclass

VERSION = 1


@dataclass(frozen=True)
class Entry:
    """One key of stack.yml by its dotted path."""

    path: str
    setting: Setting
    default: Any
    """The default, or a mapping network -> default if it differs by network."""

    @property
    def type(self) -> str:
        return self.setting.type

    @property
    def help(self) -> str:
        return self.setting.help

    @property
    def effect(self) -> str:
        return self.setting.effect

    @property
    def host_only(self) -> bool:
        return self.setting.host_only


def core(catalog: Catalog) -> dict[str, Setting]:
    """The keys that do not belong to a service, by dotted path."""
    return {
        "version": Setting(
            key="version",
            type="integer",
            default=VERSION,
            help="Version of this file's format; `manage` writes it.",
            example=VERSION,
        ),
        "name": Setting(
            key="name",
            type="string",
            default="home",
            help="Your name for this installation; every page shows it.",
            example="basement",
            pattern=r"\w[\w .-]{0,39}",
        ),
        "network": Setting(
            key="network",
            type="choice",
            default="sandbox",
            help="Network of every chain. Each network has its own databases and volumes; those of the previous "
            "network are kept.",
            example="mainnet",
            choices=NETWORKS,
        ),
        "profiles": Setting(
            key="profiles",
            type="list",
            default=["sandbox"],
            help="Profiles to deploy; `manage profiles` lists them.",
            example=["bitcoin", "core"],
            choices=tuple(catalog.profiles),
        ),
        "images.source": Setting(
            key="images.source",
            type="choice",
            default="local",
            help="Where images come from: `upstream` pulls published images, `local` builds them on this host. It "
            "is decided once, because another source must not open existing data.",
            example="upstream",
            choices=("upstream", "local"),
            host_only=True,
        ),
        "ports.base": Setting(
            key="ports.base",
            type="integer",
            default=8600,
            help="First port on this host. The dashboard uses it; other services use the ports after it.",
            example=8700,
            minimum=1024,
            maximum=65000,
        ),
        "ports.bind": Setting(
            key="ports.bind",
            type="string",
            default="127.0.0.1",
            help="Address of this host on which dashboard and proxy listen. Any address other than 127.0.0.1 exposes "
            "them to others.",
            example="192.0.2.10",
        ),
        "networks.pool": Setting(
            key="networks.pool",
            type="string",
            default="",
            help="Range of addresses; each network that is created later gets 16 of them. Empty leaves the choice to "
            "Docker's engine, which has ranges for about 30 networks. `manage down --all` and `manage up` move all "
            "networks into it.",
            example="10.213.0.0/20",
            host_only=True,
        ),
    }


def of_service(service: Service) -> dict[str, Setting]:
    """The keys below `services.<name>`."""
    enabled = Setting(key="enabled", type="boolean", default=True, help="Run this service.", example=False)
    found = {} if service.group == "manager" else {"enabled": enabled}
    found["memory"] = Setting(
        key="memory",
        type="size",
        default=service.resources.memory,
        help="Hard memory limit, like 512m or 16g.",
        example="2g",
        minimum=16 * UNITS["m"],  # less than the runtime itself takes
    )
    found["outbound"] = Setting(
        key="outbound",
        type="boolean",
        default=service.outbound,
        help="Let it connect to addresses outside of the stack. A setting that names such an address implies it.",
        example=not service.outbound,
        host_only=True,
    )
    return found | {setting.key: setting for setting in service.settings}


def chain_dir(service: Service) -> Setting:
    return Setting(
        key=f"storage.chain_dirs.{service.name}",
        type="path",
        default="",
        help=f"Folder on this host for {service.name}'s chain; empty for a Docker volume. It gets a marker file, so "
        "that nothing starts on an empty folder when its disk is not mounted.",
        example=f"/mnt/ssd/{service.name}",
        effect="one-way",
        one_way="The service starts with the contents of the new folder; the chain in the old place is not moved.",
        host_only=True,
    )


def keys(catalog: Catalog, network: Network) -> dict[str, Setting]:
    """Every key of stack.yml on `network`, by dotted path, in the order of the documentation."""
    found = core(catalog)
    services = list(catalog.services(network).values())
    for service in services:
        if any(volume.holds == "chain" for volume in service.volumes):
            setting = chain_dir(service)
            found[setting.key] = setting
    for service in services:
        found |= {f"services.{service.name}.{key}": setting for key, setting in of_service(service).items()}
    return found


def describe(catalog: Catalog) -> tuple[Entry, ...]:
    """Every key with its meaning, as help, documentation and form show it."""
    by_network = {network: keys(catalog, network) for network in NETWORKS}
    entries = []
    for path, setting in by_network[NETWORKS[0]].items():
        defaults: Mapping[str, Any] = {network: by_network[network][path].default for network in NETWORKS}
        same = all(value == setting.default for value in defaults.values())
        entries.append(Entry(path, replace(setting, key=path), setting.default if same else defaults))
    return tuple(entries)
