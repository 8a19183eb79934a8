"""`python -m sandbox NODE FLAGS`: takes the flags of the real node, so one Compose file works for both."""

from __future__ import annotations

import sys

from sandbox import bitcoind, kaspad

NODES = {"kaspad": kaspad.main, "bitcoind": bitcoind.main}
USAGE = f"""usage: python -m sandbox {{{"|".join(NODES)}}} FLAGS

Run a simulated chain node. FLAGS are those of the real node. Signatures are not checked; every other rule that a client
can observe is.

environment:
  SANDBOX_CONTROL          path of the control socket (default: no control socket)
  SANDBOX_SEED             seed of the chain's addresses and hashes (default "nodeyard")
  SANDBOX_BLOCK_S          seconds between blocks (default 0.1 for kaspad, 30 for bitcoind; 0: only on demand)
  SANDBOX_TX_PER_S         background transactions per second, bitcoind only (default 1)
"""


def main(argv: list[str]) -> int:
    if not argv or argv[0] not in NODES:
        sys.stderr.write(USAGE)
        return 0 if argv[:1] in (["-h"], ["--help"]) else 64
    return NODES[argv[0]](argv[1:])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
