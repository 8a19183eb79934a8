"""The list of services that watch asks, as `watch.json`. Pure."""

from __future__ import annotations

import json
from typing import Any

from manage.catalog.model import Port, Service
from manage.render import wiring
from manage.render.wiring import ServiceGraph


def document(graph: ServiceGraph) -> bytes:
    """The document `watch.json`: every service of both projects, as `manage.health.watch` reads it."""
    owned, doors = wiring.databases(graph), published(graph)
    listed = {
        "version": 1,
        "name": graph.config.name,
        "network": graph.config.network,
        "services": [
            {
                "name": service.name,
                "title": service.title,
                "group": service.group,
                "driver": service.health.driver,
                "options": dict(service.health.options),
                "simulated": service.simulated,
                "project": "manager" if service.name in graph.manager else "stack",
                "ports": {port.name: _watched_port(graph, service, port) for port in service.ports},
                "needs": [{"service": need.service, "check": need.check} for need in wiring.needs(graph, service)],
                "thresholds": dict(service.health.thresholds),
                "startup_s": service.startup_s,
                "log_patterns": list(service.health.log_patterns),
                "database": owned.get(service.name, ""),
                "door": doors.get(service.name),
            }
            for service in graph.all.values()
        ],
    }
    return json.dumps(listed, indent=1, ensure_ascii=False).encode()


def _watched_port(graph: ServiceGraph, service: Service, port: Port) -> dict[str, Any]:
    found = {"host": wiring.host_name(service.name, port.name), "port": port.number, "scheme": port.scheme}
    if port.publish == "loopback" and (at := wiring.door(graph, service)):
        found |= {"authority": at.main.authority, "tls": at.main.tls}
    return found


def published(graph: ServiceGraph) -> dict[str, dict[str, Any]]:
    """Service -> the port of the proxy that publishes it."""
    routes = [link for link in graph.links if link.relation == wiring.ROUTE and link.provider]
    proxies = {link.user: graph.all[link.provider] for link in routes}
    return {user: _watched_port(graph, proxy, proxy.ports[0]) for user, proxy in proxies.items()}
