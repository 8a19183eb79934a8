"""The Docker networks of an installation and who is on them, derived from relations. Pure.

Each port that others connect to has an internal network of its own, `<service>-<port>`, for the service and those that
connect; watch is on all of them. A service with a published port stands on `<service>-door`, a bridge without
masquerade; one that may connect to addresses outside of the stack stands on `<service>-out`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import field
from functools import lru_cache

from manage.catalog.model import Port, Service
from manage.catalog.network_names import DOOR, OUT, network_key
from manage.immutable import dataclass
from manage.render.wiring import WATCH, ServiceGraph, host_name

MASQUERADE = "com.docker.network.bridge.enable_ip_masquerade"
"""The bridge driver's option (moby libnetwork/drivers/bridge/labels.go)."""
FIRST = 1000
"""Compose's priority of the network that gives the default route and carries published ports."""


@dataclass(frozen=True)
class Network:
    """A Docker network, as it follows from the relations."""

    key: str
    """Its key in Compose files; the full name is `<project>_<key>`."""
    server: str
    """The service that others connect to, or the only service of a door."""
    port: Port | None
    """The port that its clients connect to; None for the networks DOOR and OUT."""
    clients: tuple[str, ...] = ()
    masquerade: bool = field(default=False, kw_only=True)

    @property
    def internal(self) -> bool:
        """Without a route to anywhere else. Engine 20.10 publishes no port of such a network."""
        return self.port is not None

    @property
    def members(self) -> tuple[str, ...]:
        return (self.server, *self.clients)

    @property
    def name_of_server(self) -> str:
        """Host name that leads to the server's address on this network and to no other of its addresses."""
        part = self.port.name if self.port is not None else self.key.rpartition("-")[2]
        return host_name(self.server, part)


@lru_cache(maxsize=4)
def derived(graph: ServiceGraph) -> tuple[Network, ...]:
    """All networks of both projects, in the order of their servers."""
    return tuple(network for service in graph.all.values() for network in _of(graph, service))


def attached(graph: ServiceGraph, service: str) -> tuple[Network, ...]:
    """The networks that `service` is on."""
    return tuple(network for network in derived(graph) if service in network.members)


def is_live(network: Network, service: str) -> bool:
    """Whether a running `service` is connected to `network`, and disconnected, without being recreated.

    So a service that appears or leaves does not interrupt watch; only its own network is in its Compose file.
    """
    return service == WATCH and network.server != WATCH


def compose_networks(graph: ServiceGraph, service: Service) -> dict[str, dict[str, object]]:
    """The key `networks` of the Compose service."""
    found: dict[str, dict[str, object]] = {}
    for network in attached(graph, service.name):
        if is_live(network, service.name):
            continue
        options: dict[str, object] = {}
        if network.server == service.name:
            options["aliases"] = [network.name_of_server]
        if not network.internal:
            options["priority"] = FIRST
        found[network.key] = options
    return found


def listening(graph: ServiceGraph, service: Service) -> dict[str, tuple[str, ...]]:
    """Port -> every `host:port` at which it is meant to be reached: on its own network, and where it is published."""
    own = [network for network in attached(graph, service.name) if network.server == service.name]
    settings = graph.config.settings[service.name]
    return {
        port.name: tuple(
            f"{network.name_of_server}:{port.number}"
            for network in own
            if (network.port == port or (network.port is None and port.is_published(settings)))
        )
        or (f"localhost:{port.number}",)
        for port in service.ports
    }


def _of(graph: ServiceGraph, service: Service) -> Iterator[Network]:
    clients = {port.name: graph.clients.get((service.name, port.name), ()) for port in service.ports}
    watched = (WATCH,) if WATCH in graph.manager and service.name != WATCH else ()
    inside = [port for port in service.ports if clients[port.name] or not port.publish.startswith("public:")]
    for port in inside or service.ports:
        found = tuple(dict.fromkeys(name for name in (*clients[port.name], *watched) if name not in ("", service.name)))
        if found or service.name == WATCH:
            yield Network(network_key(service.name, port.name), service.name, port, found)
    settings = graph.config.settings[service.name]
    if graph.config.outbound[service.name]:
        yield Network(network_key(service.name, OUT), service.name, None, masquerade=True)
    elif any(port.is_published(settings) for port in service.ports):
        yield Network(network_key(service.name, DOOR), service.name, None)
