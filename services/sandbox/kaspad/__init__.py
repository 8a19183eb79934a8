"""The simulated kaspad: wRPC with JSON encoding as in 2.1.0, ten blocks per second, addresses `kaspasim:`.

The chain starts identically for the same seed. It is stored in `<appdir>/sandbox-kaspad.json`, so balances survive a
restart.
"""

from __future__ import annotations


def main(argv: list[str]) -> int:
    from sandbox.kaspad.run import main as run

    return run(argv)
