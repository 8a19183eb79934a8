"""The simulated bitcoind: regtest over JSON-RPC and ZMQ as 31.99 speaks them, addresses `bcrt1`.

Blocks and transactions are real bytes with real (regtest) proof of work. The chain begins the same for the same seed
and is kept in the data folder, so balances outlive a restart.
"""

from __future__ import annotations


def main(argv: list[str]) -> int:
    from sandbox.bitcoind.run import main as run

    return run(argv)
