"""Ports that a change would publish: are they free, and if not, who has them."""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from manage.errors import NodeyardError


@dataclass(frozen=True)
class Endpoint:
    """An address, port and protocol of this host."""

    address: str
    """"0.0.0.0" and "::" mean every address."""
    port: int
    protocol: str = "tcp"

    def conflicts_with(self, other: Endpoint) -> bool:
        """Whether the two cannot both be listened on."""
        return (self.port, self.protocol) == (other.port, other.protocol) and _overlap(self.address, other.address)


@dataclass(frozen=True)
class Listener:
    """Someone who listens on this host."""

    endpoint: Endpoint
    who: str
    """ "nginx (pid 812)" or "the container web"."""


def published_by(compose: Mapping[str, Any]) -> tuple[Endpoint, ...]:
    """What one compose service publishes, in the short syntax ("127.0.0.1:8600:8000/tcp") and the long."""
    return tuple(endpoint for entry in compose.get("ports", ()) if (endpoint := _endpoint(entry)))


def require_free(endpoints: Iterable[Endpoint], listeners: Iterable[Listener]) -> None:
    """Raise NodeyardError naming each taken port and its holder; containers among `listeners` come first, so that
    a port is said to be taken by the container and not by Docker's proxy process."""
    listeners = tuple(listeners)
    taken = []
    for endpoint in endpoints:
        found = next((listener for listener in listeners if listener.endpoint.conflicts_with(endpoint)), None)
        if found:
            taken.append(f"Port {endpoint.port} on {endpoint.address} is taken by {found.who}.")
    if taken:
        raise NodeyardError(
            " ".join(taken),
            "Stop the other, or move this installation: manage config set ports.base NUMBER "
            "(--port-base NUMBER when it is set up).",
        )


def listening() -> tuple[Listener, ...]:
    """Processes of this network namespace that listen on TCP, or are bound on UDP. Their names need root."""
    import psutil

    found = []
    for connection in psutil.net_connections(kind="inet"):
        tcp = connection.type == socket.SOCK_STREAM
        if not connection.laddr or (tcp and connection.status != psutil.CONN_LISTEN):
            continue
        endpoint = Endpoint(connection.laddr.ip, connection.laddr.port, "tcp" if tcp else "udp")
        found.append(Listener(endpoint, _process(connection.pid)))
    return tuple(found)


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
    # "::" takes the IPv4 port as well unless IPV6_V6ONLY is set, which Linux does not do by itself.
    return first == second or first.is_unspecified or second.is_unspecified


def _plain(address: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address:
    parsed = ipaddress.ip_address(address.partition("%")[0])
    mapped = getattr(parsed, "ipv4_mapped", None)
    return mapped or parsed
