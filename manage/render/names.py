"""Docker names of an installation's networks and volumes."""

from __future__ import annotations


def network_name(project: str, name: str) -> str:
    """`<project>_front`, `_chain`, `_data`: external to both projects."""
    return f"{project}_{name}"


def volume_name(project: str, chain_network: str, service: str, name: str) -> str:
    """Includes the network, so that another network never opens the same data (docker-facts 20)."""
    return f"{project}_{chain_network}_{service}_{name}"
