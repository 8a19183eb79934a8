"""The bridge networks on this host that any installation made, for the firewall."""

from __future__ import annotations

from typing import TYPE_CHECKING

from manage.host.firewall import Bridge
from manage.installation.labels import LABEL_INSTALLATION

if TYPE_CHECKING:
    from manage.engine.facts import ReadApi

NAME = "com.docker.network.bridge.name"
"""Option of a network; without it the engine names the interface after the network's id (docs.docker.com, bridge)."""


def labelled(api: ReadApi) -> list[Bridge]:
    """All of them: the installations of a host share one table."""
    return [
        Bridge(
            (network.get("Options") or {}).get(NAME) or f"br-{network['Id'][:12]}",
            tuple(entry["Subnet"] for entry in network["IPAM"].get("Config") or () if entry.get("Subnet")),
        )
        for network in api.networks(filters={"label": LABEL_INSTALLATION})
        if network.get("Driver") == "bridge"
    ]
