"""The networks of an installation and what they are on Kaspa."""

from __future__ import annotations

from dataclasses import dataclass

from nodeclients.networks import KASPA


@dataclass(frozen=True)
class KaspaNetwork:
    name: str
    must_be_synced: bool
    """On a public network an unsynced node's balances are old; a fresh private chain says `isSynced: false` as well."""

    @property
    def node_id(self) -> str:
        """What kaspad's getServerInfo answers as `networkId`."""
        return KASPA[self.name].network_id

    @property
    def prefix(self) -> str:
        """What its addresses start with, before the colon."""
        return KASPA[self.name].prefix


NETWORKS = {
    network.name: network
    for network in (
        KaspaNetwork("mainnet", True),
        KaspaNetwork("testnet", True),
        KaspaNetwork("private", False),
        KaspaNetwork("sandbox", False),
    )
}
