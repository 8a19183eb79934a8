"""Ports that containers publish on this host."""

from __future__ import annotations

from manage.engine.client import Api
from manage.host.ports import Endpoint, Listener
from manage.installation.identity import Installation
from manage.installation.labels import LABEL_INSTALLATION, LABEL_SERVICE


def read(api: Api, installation: Installation) -> tuple[dict[Endpoint, str], tuple[Listener, ...]]:
    """(ports that containers of this installation publish, each with its service; ports that all others publish)."""
    ours: dict[Endpoint, str] = {}
    others: list[Listener] = []
    for entry in api.containers():
        mine = (entry.get("Labels") or {}).get(LABEL_INSTALLATION) == installation.id
        for port in entry.get("Ports") or ():
            if not port.get("PublicPort"):
                continue
            endpoint = Endpoint(port.get("IP") or "0.0.0.0", port["PublicPort"], port.get("Type") or "tcp")
            if mine:
                ours[endpoint] = entry["Labels"].get(LABEL_SERVICE, "")
            else:
                others.append(Listener(endpoint, f"the container {entry['Names'][0].removeprefix('/')}"))
    return ours, tuple(others)
