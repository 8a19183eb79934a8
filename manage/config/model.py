"""The operator's `stack.yml`, migrated and validated."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from dataclasses import field
from typing import Any, Literal

from manage.catalog.model import Network
from manage.immutable import dataclass

ImageSource = Literal["upstream", "local"]


@dataclass(frozen=True)
class Problem:
    """Something wrong in a configuration file."""

    file: str
    line: int
    path: str
    """Dotted key path, e.g. `services.kaspad.ram_scale`."""
    message: str
    hint: str = ""


@dataclass(frozen=True)
class Config:
    """Validated and complete: `settings[service][key]` holds every setting with its default filled in.

    `settings` has an entry for each of `services` and for the manager's services.
    """

    name: str
    network: Network
    profiles: tuple[str, ...]
    image_source: ImageSource
    port_base: int
    bind: str
    """Address that loopback-published ports bind to; 127.0.0.1 unless the operator exposes them."""
    services: tuple[str, ...]
    """The enabled services of the profiles and the operator's own, in catalog order, without the manager's."""
    disabled: tuple[str, ...]
    settings: Mapping[str, Mapping[str, Any]]
    memory: Mapping[str, str] = field(default_factory=dict)
    """Memory limit by service in Compose notation, with defaults; includes the manager's services."""
    outbound: Mapping[str, bool] = field(default_factory=dict)
    """Whether a service may connect to addresses outside of the stack; includes the manager's services."""
    pool: str = ""
    """Range (CIDR) from which new networks get their addresses; "" leaves it to the engine."""
    chain_dirs: Mapping[str, str] = field(default_factory=dict)
    """Service -> host folder that holds its chain instead of a volume."""

    @property
    def exposed(self) -> bool:
        """Whether people on other machines reach the dashboard: it listens for them, or a proxy passes them on."""
        dashboard = self.settings.get("dashboard", {})
        proxied = any(dashboard.get(key) for key in ("trusted_proxies", "public_url"))
        return proxied or not ipaddress.ip_address(self.bind).is_loopback
