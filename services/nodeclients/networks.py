"""What the networks of an installation are on Kaspa and on Bitcoin: network ids, address prefixes, default ports.

Sources: rusty-kaspa v2.0.1, `consensus/core/src/network.rs` (ids, ports) and `crypto/addresses/src/lib.rs` (prefixes);
bitcoin/bitcoin v31.99, `src/util/chaintype.cpp` (chain names), `src/chainparamsbase.cpp` (RPC ports) and
`src/kernel/chainparams.cpp` (P2P ports, prefixes of segwit addresses). `private` and `sandbox` are chains that only
this installation knows: simnet and regtest.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

KASPA_PREFIXES = {"mainnet": "kaspa", "testnet-10": "kaspatest", "simnet": "kaspasim", "devnet": "kaspadev"}
"""Network id -> what addresses start with, before the colon."""
ZMQ_PORT = 28332
"""A convention of Bitcoin Core's documentation (doc/zmq.md), not a default."""


@dataclass(frozen=True)
class KaspaChain:
    network_id: str
    """What getServerInfo answers as `networkId`."""
    wrpc_json_port: int
    p2p_port: int

    @property
    def prefix(self) -> str:
        return KASPA_PREFIXES[self.network_id]


@dataclass(frozen=True)
class BitcoinChain:
    chain: str
    """What getblockchaininfo answers as `chain`, and what `-chain` takes."""
    prefix: str
    """What segwit addresses start with, before the 1."""
    rpc_port: int
    p2p_port: int


_SIMNET = KaspaChain("simnet", 18510, 16511)
_REGTEST = BitcoinChain("regtest", "bcrt", 18443, 18444)

KASPA: Mapping[str, KaspaChain] = {
    "mainnet": KaspaChain("mainnet", 18110, 16111),
    "testnet": KaspaChain("testnet-10", 18210, 16211),
    "private": _SIMNET,
    "sandbox": _SIMNET,
}
BITCOIN: Mapping[str, BitcoinChain] = {
    "mainnet": BitcoinChain("main", "bc", 8332, 8333),
    "testnet": BitcoinChain("testnet4", "tb", 48332, 48333),
    "private": _REGTEST,
    "sandbox": _REGTEST,
}
"""By the networks of an installation, as `manage.catalog.model.NETWORKS` names them."""
