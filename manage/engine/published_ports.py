"""Ports that containers publish on this host."""

from __future__ import annotations

from manage.engine.client import Api
from manage.host.ports import Endpoint, Listener
from manage.installation.identity import Installation
from manage.installation.labels import LABEL_INSTALLATION


def read(api: Api, installation: Installation) -> tuple[frozenset[Endpoint], tuple[Listener, ...]]:
    """(ports published by this installation's containers, ports published by all others)."""
    ours: set[Endpoint] = set()
    others: list[Listener] = []
    for entry in api.containers():
        mine = (entry.get("Labels") or {}).get(LABEL_INSTALLATION) == installation.id
        for port in entry.get("Ports") or ():
            if not port.get("PublicPort"):
                continue
            endpoint = Endpoint(port.get("IP") or "0.0.0.0", port["PublicPort"], port.get("Type") or "tcp")
            if mine:
                ours.add(endpoint)
            else:
                others.append(Listener(endpoint, f"the container {entry['Names'][0].removeprefix('/')}"))
    return frozenset(ours), tuple(others)
