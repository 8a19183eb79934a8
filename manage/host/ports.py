"""Checks that the ports that a change publishes are free, and names who uses the others."""

from __future__ import annotations

import errno
import ipaddress
import socket
from collections.abc import Iterable, Mapping
from typing import Any

from manage.errors import NodeyardError
from manage.immutable import dataclass


@dataclass(frozen=True)
class Endpoint:
    """An address, port and protocol of this host."""

    address: str
    """"0.0.0.0" and "::" mean every address."""
    port: int
    protocol: str = "tcp"

    def conflicts_with(self, other: Endpoint) -> bool:
        """Whether two programs cannot listen on both at the same time."""
        return (self.port, self.protocol) == (other.port, other.protocol) and _overlap(self.address, other.address)


@dataclass(frozen=True)
class Listener:
    """A process or container that listens on this host."""

    endpoint: Endpoint
    who: str
    """ "nginx (pid 812)" or "the container web"."""


def published_by(compose: Mapping[str, Any]) -> tuple[Endpoint, ...]:
    """What a compose service publishes, in the short syntax ("127.0.0.1:8600:8000/tcp") or the long one."""
    return tuple(endpoint for entry in compose.get("ports", ()) if (endpoint := _endpoint(entry)))


def require_free(endpoints: Iterable[Endpoint], listeners: Iterable[Listener]) -> None:
    """Raise NodeyardError with each port in use and its user. Pass containers first in `listeners`: the error then
    names the container instead of Docker's proxy process."""
    listeners = tuple(listeners)
    taken = []
    for endpoint in endpoints:
        found = next((listener for listener in listeners if listener.endpoint.conflicts_with(endpoint)), None)
        if found:
            taken.append(f"Port {endpoint.port} on {endpoint.address} is already used by {found.who}.")
    if taken:
        raise NodeyardError(
            " ".join(taken),
            "Stop it, or move this installation to other ports: manage config set ports.base NUMBER "
            "(with manage setup: --port-base NUMBER).",
        )


def require_addresses(endpoints: Iterable[Endpoint]) -> None:
    """Raise NodeyardError with each address that no interface of this network namespace has, so that none can be
    published there."""
    missing = [address for address in dict.fromkeys(one.address for one in endpoints) if not _is_ours(address)]
    if missing:
        raise NodeyardError(
            " ".join(f"{address} is not an address of this host (ports.bind in stack.yml)." for address in missing),
            "Nothing was changed. See the addresses with: ip address. Then: manage config set ports.bind ADDRESS",
        )


def require_order(steps: Iterable[tuple[str, str, Iterable[Endpoint]]], held: Mapping[Endpoint, str]) -> None:
    """Raise NodeyardError if a step needs a port while another service of ours still has it. Pure.

    `steps` are (service, kind of operation, what it publishes from then on) in order; `held` are the ports in use now.
    """
    holders = dict(held)
    for service, kind, endpoints in steps:
        if kind == "unpause":
            continue
        wanted = () if kind == "remove" else tuple(endpoints)
        for endpoint in wanted:
            for other, holder in holders.items():
                if holder != service and other.conflicts_with(endpoint):
                    raise NodeyardError(
                        f"{service} cannot take port {endpoint.port}: {holder} of this installation still uses it.",
                        "Choose ports that do not overlap with the present ones (manage config set ports.base NUMBER), "
                        "or stop everything first: manage down --all",
                    )
        holders = {other: holder for other, holder in holders.items() if holder != service}
        holders |= dict.fromkeys(wanted, service)


def listening() -> tuple[Listener, ...]:
    """Processes of this network namespace that listen on TCP or are bound to UDP. Only root sees their names."""
    import psutil

    found = []
    for connection in psutil.net_connections(kind="inet"):
        tcp = connection.type == socket.SOCK_STREAM
        if not connection.laddr or (tcp and connection.status != psutil.CONN_LISTEN):
            continue
        endpoint = Endpoint(connection.laddr.ip, connection.laddr.port, "tcp" if tcp else "udp")
        found.append(Listener(endpoint, _process(connection.pid)))
    return tuple(found)


def _is_ours(address: str) -> bool:
    """Whether a program can listen there. Every other obstacle than the address is left to the engine to name."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    try:
        with socket.socket(family, socket.SOCK_DGRAM) as probe:
            probe.bind((address, 0))
    except OSError as error:
        return error.errno != errno.EADDRNOTAVAIL
    return True


def _process(pid: int | None) -> str:
    import psutil

    if pid is None:
        return "another process"
    try:
        return f"{psutil.Process(pid).name()} (pid {pid})"
    except psutil.Error:
        return f"pid {pid}"


def _endpoint(entry: str | int | Mapping[str, Any]) -> Endpoint | None:
    if isinstance(entry, Mapping):
        published = entry.get("published")
        if not published:
            return None
        return Endpoint(entry.get("host_ip") or "0.0.0.0", int(published), entry.get("protocol") or "tcp")
    text, _, protocol = str(entry).partition("/")
    front, _, _container = text.rpartition(":")
    if not front:
        return None
    address, _, port = front.rpartition(":")
    return Endpoint(address.strip("[]") or "0.0.0.0", int(port), protocol or "tcp")


def _overlap(one: str, other: str) -> bool:
    first, second = _plain(one), _plain(other)
    # "::" includes the IPv4 port unless IPV6_V6ONLY is set, which is not Linux's default.
    return first == second or first.is_unspecified or second.is_unspecified


def _plain(address: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address:
    parsed = ipaddress.ip_address(address.partition("%")[0])
    mapped = getattr(parsed, "ipv4_mapped", None)
    return mapped or parsed
