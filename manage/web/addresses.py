"""The address of the person behind a request."""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence

from manage.immutable import dataclass

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


@dataclass(frozen=True)
class TrustedProxies:
    """The proxies whose X-Forwarded-For counts (`services.dashboard.trusted_proxies`); without any, none does."""

    networks: Sequence[Network] = ()

    def person(self, peer: str, forwarded: str) -> str:
        """The person's address: `peer`, or the last hop of X-Forwarded-For that is not a trusted proxy.

        Each proxy appends the address that it sees, so what comes before the last untrusted hop may be invented.
        """
        address = peer
        for hop in reversed(forwarded.split(",")):
            if not self._trusts(address):
                break
            try:
                address = str(ipaddress.ip_address(hop.strip()))
            except ValueError:
                break
        return address

    def _trusts(self, address: str) -> bool:
        try:
            found = ipaddress.ip_address(address)
        except ValueError:
            return False
        return any(found in network for network in self.networks)


def parse(text: str) -> TrustedProxies:
    """From addresses and networks with spaces between them; `manage` has checked them."""
    return TrustedProxies(tuple(ipaddress.ip_network(word) for word in text.split()))
