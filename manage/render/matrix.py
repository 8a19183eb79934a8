"""Which service may connect to which: the networks of a stack as a table. Pure."""

from __future__ import annotations

from typing import Any

from manage.render import networks
from manage.render.names import network_name
from manage.render.wiring import ServiceGraph


def table(graph: ServiceGraph, project: str) -> dict[str, Any]:
    """The answer of `manage why --network --json`. Keys may be added, never renamed.

    `connections` are all that is open between services; `outbound` and `published` are the ways out and in.
    """
    found = networks.derived(graph)
    settings, config = graph.config.settings, graph.config
    return {
        "networks": [
            {
                "name": network_name(project, network.key),
                "internal": network.internal,
                "masquerade": network.masquerade,
                "members": list(network.members),
            }
            for network in found
        ],
        "connections": [
            {
                "from": client,
                "to": network.server,
                "port": network.port.name,
                "number": network.port.number,
                "host": network.name_of_server,
                "network": network_name(project, network.key),
            }
            for network in found
            if network.port is not None
            for client in network.clients
        ],
        "outbound": [network.server for network in found if network.masquerade],
        "published": [
            {"service": service.name, "port": port.name}
            for service in graph.all.values()
            for port in service.ports
            if port.is_published(settings[service.name])
        ],
        "pool": config.pool,
    }


def concerning(whole: dict[str, Any], service: str) -> dict[str, Any]:
    """The part of `whole` that concerns one service."""
    return {
        **whole,
        "networks": [entry for entry in whole["networks"] if service in entry["members"]],
        "connections": [entry for entry in whole["connections"] if service in (entry["from"], entry["to"])],
        "outbound": [name for name in whole["outbound"] if name == service],
        "published": [entry for entry in whole["published"] if entry["service"] == service],
    }
