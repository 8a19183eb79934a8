"""Tables of what must be unique across services: user ids and host port offsets."""

from __future__ import annotations

from manage.catalog import Catalog
from manage.catalog.model import NETWORKS, Service


def users(catalog: Catalog) -> str:
    """The user id and ports of each service."""
    lines = ["| service | uid | listens (inside) |", "|---|---|---|"]
    services = catalog.services("mainnet").values()
    for service in sorted(services, key=lambda service: (service.uid or 10**6, service.name)):
        ports = ", ".join(f"{port.name} {_numbers(catalog, service, port.name)}" for port in service.ports)
        lines.append(f"| {service.name} | {service.uid} | {ports or 'none'} |")
    return "\n".join(lines) + "\n"


def ports(catalog: Catalog) -> str:
    """The offset from `ports.base` of each port that a service publishes on the host's loopback."""
    lines = ["| offset | service | port |", "|---|---|---|"]
    lines += [
        f"| {port.offset} | {service.name} | {port.name} |"
        for service in catalog.services("mainnet").values()
        for port in sorted(service.ports, key=lambda port: port.offset)
        if port.publish == "loopback"
    ]
    return "\n".join([*lines[:2], *sorted(lines[2:])]) + "\n"


def _numbers(catalog: Catalog, service: Service, port: str) -> str:
    """One number, or the different ones of the networks."""
    numbers = [catalog.service(service.name, network).port(port).number for network in NETWORKS]
    return "/".join(str(number) for number in dict.fromkeys(numbers))
