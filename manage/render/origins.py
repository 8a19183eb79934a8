"""The addresses at which browsers reach dashboard and proxy, and the host names that each of them accepts. Pure.

Cookies know no ports: a browser sends a cookie to every port of the host name that set it. So each page that signs
people in has a host name that nothing else answers.
"""

from __future__ import annotations

import ipaddress
from urllib.parse import urlsplit

from manage.catalog.model import Service
from manage.config.model import Config
from manage.immutable import dataclass

LOCAL = ("127.0.0.1", "localhost")
REFERENCE = "reference"
"""In place of the installation's id in the reference files."""


@dataclass(frozen=True)
class Origin:
    """One name of this host under which a browser opens pages."""

    names: tuple[str, ...]
    """Host names and addresses that a request may name. The first is for use on this host."""
    port: int
    """On the host."""
    tls: bool
    """The service itself speaks TLS."""
    user: str = ""
    """The service behind the proxy that signs people in here; only its cookie passes, and none elsewhere."""
    public_url: str = ""
    """What people type if a TLS proxy of the operator's stands in front; without a slash at the end."""

    @property
    def authority(self) -> str:
        """The header `Host` of a request from this host."""
        return f"{self.names[0]}:{self.port}"

    @property
    def local_url(self) -> str:
        return f"{'https' if self.tls else 'http'}://{self.authority}"

    @property
    def url(self) -> str:
        """What people type."""
        return self.public_url or self.local_url

    @property
    def public_name(self) -> str:
        return urlsplit(self.public_url).hostname or ""


@dataclass(frozen=True)
class Door:
    """The published port of a shipped service: what it accepts there."""

    origins: tuple[Origin, ...]
    """The first is the service's own; the others are those of services behind it that sign people in."""
    local: bool
    """Published on loopback: every connection arrives from the gateway of the container's network."""
    any_address: bool
    """Published on every address of this host, so a request may name each of them."""

    @property
    def main(self) -> Origin:
        return self.origins[0]

    def origin_of(self, user: str) -> Origin:
        """Where a service behind it is reached."""
        return next((origin for origin in self.origins if origin.user == user), self.main)

    @property
    def names(self) -> tuple[str, ...]:
        """Every name and address that its certificate holds."""
        return tuple(name.strip("[]") for origin in self.origins for name in origin.names)


def is_loopback(address: str) -> bool:
    """Whether only this host reaches a port that is published on `address`."""
    return ipaddress.ip_address(address).is_loopback


def own_name(installation: str) -> str:
    """The dashboard's host name. Browsers resolve names below `localhost` to loopback (RFC 6761, 6.3)."""
    return f"nodeyard-{installation}.localhost"


def door(config: Config, service: Service, port: int, installation: str, signing_in: tuple[str, ...]) -> Door:
    """The door of `service`, whose published port is `port` on the host; `signing_in` are its users with cookies."""
    local, name = is_loopback(config.bind), own_name(installation)
    bind = ipaddress.ip_address(config.bind)
    public_url = str(config.settings[service.name].get("public_url", "")).removesuffix(":443")
    public = urlsplit(public_url).hostname or ""
    address = () if bind.is_unspecified else (config.bind if bind.version == 4 else f"[{bind}]",)
    if service.group == "manager":
        # An address has other ports, to which a browser would send the dashboard's cookie as well.
        reached = () if local or public else address
        names: tuple[str, ...] = (*reached, name, public)
    else:
        names = (*address, *LOCAL, public)

    def origin(names: tuple[str, ...], url: str, user: str = "") -> Origin:
        return Origin(tuple(dict.fromkeys(filter(None, names))), port, not local, user, url)

    of_users = [
        origin((f"{user}.{name}", public and f"{user}.{public}"), public_url.replace("//", f"//{user}.", 1), user)
        for user in signing_in
    ]
    return Door((origin(names, public_url), *of_users), local, bind.is_unspecified and not public)
