"""The networks of an installation and what they are on Kaspa."""

from __future__ import annotations

from dataclasses import dataclass

from nodeclients.address import PREFIXES


@dataclass(frozen=True)
class KaspaNetwork:
    """`node_id` is what kaspad's getServerInfo answers as `networkId`."""

    name: str
    node_id: str
    must_be_synced: bool
    """On a public network an unsynced node's balances are old; a fresh private chain says `isSynced: false` as well."""

    @property
    def prefix(self) -> str:
        """What its addresses start with, before the colon."""
        return PREFIXES[self.node_id]


# Network ids: rusty-kaspa v2.0.1, consensus/core/src/network.rs
NETWORKS = {
    network.name: network
    for network in (
        KaspaNetwork("mainnet", "mainnet", True),
        KaspaNetwork("testnet", "testnet-10", True),
        KaspaNetwork("private", "simnet", False),
        KaspaNetwork("sandbox", "simnet", False),
    )
}
