"""The simulated bitcoind: regtest over the JSON-RPC and ZMQ interfaces of 31.99, addresses `bcrt1`.

Blocks and transactions are real bytes with real (regtest) proof of work. The chain starts identically for the same
seed. It is stored in the data folder, so balances survive a restart.
"""

from __future__ import annotations


def main(argv: list[str]) -> int:
    from sandbox.bitcoind.run import main as run

    return run(argv)
