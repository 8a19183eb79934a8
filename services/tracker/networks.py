"""The networks of an installation and their Kaspa counterparts."""

from __future__ import annotations

from dataclasses import dataclass

from nodeclients.networks import KASPA


@dataclass(frozen=True)
class KaspaNetwork:
    name: str
    must_be_synced: bool
    """On a public network an unsynced node has old balances. A new private chain also reports `isSynced: false`."""

    @property
    def node_id(self) -> str:
        """`networkId` in the answer of kaspad's getServerInfo."""
        return KASPA[self.name].network_id

    @property
    def prefix(self) -> str:
        """The part of an address before the colon."""
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
