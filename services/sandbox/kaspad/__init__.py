"""The simulated kaspad: wRPC with JSON encoding as 2.1.0 speaks it, ten blocks a second, addresses `kaspasim:`.

Its chain begins the same for the same seed and is kept in `<appdir>/sandbox-kaspad.json`, so balances outlive a
restart.
"""

from __future__ import annotations


def main(argv: list[str]) -> int:
    from sandbox.kaspad.run import main as run

    return run(argv)
