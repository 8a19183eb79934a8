"""Names of the networks of a service. No two services may have one of the same name."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from manage.catalog.model import Service

DOOR, OUT = "door", "out"
"""The networks of published ports, and of services that may connect to addresses outside of the stack."""


def network_key(service: str, part: str) -> str:
    """`bitcoind-rpc`, `kaspad-wrpc-json`, `proxy-door`: the name after the project's; `part` is a port, DOOR or OUT."""
    return f"{service}-{part.replace('_', '-')}"


def taken_twice(services: Iterable[Service]) -> Iterator[str]:
    """A sentence for each port whose network would have the name of another network."""
    owners: dict[str, str] = {}
    for service in services:
        for part in (DOOR, OUT, *(port.name for port in service.ports)):
            key = network_key(service.name, part)
            if key in owners:
                yield f"{service.file}: ports.{part}: its network {key} would be that of {owners[key]}; rename the port"
            owners.setdefault(key, f"{service.name} ({part})")
