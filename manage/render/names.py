"""Docker names of an installation's networks and volumes."""

from __future__ import annotations


def network_name(project: str, key: str) -> str:
    """`<project>_bitcoind-rpc`: external to both projects."""
    return f"{project}_{key}"


def volume_name(project: str, chain_network: str, service: str, name: str) -> str:
    """Includes the network, so that another network never opens the same data (docker-facts 20)."""
    return f"{project}_{chain_network}_{service}_{name}"


def subnet_token(network: str) -> str:
    """Stands in a file for the subnet of the network of this full name, which the engine chooses."""
    return f"<subnet of {network}>"
