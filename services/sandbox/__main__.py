"""`python -m sandbox NODE FLAGS`: the flags are those of the real node, so one compose file serves both."""

from __future__ import annotations

import sys

from sandbox import bitcoind, kaspad

NODES = {"kaspad": kaspad.main, "bitcoind": bitcoind.main}
USAGE = f"""usage: python -m sandbox {{{"|".join(NODES)}}} FLAGS OF THE REAL NODE

A simulated chain node. Signatures are not checked; everything else a client can see is.

environment:
  SANDBOX_CONTROL          path of the control socket (none: no control)
  SANDBOX_SEED             a word that the chain's addresses and hashes grow from (default "nodeyard")
  SANDBOX_BLOCK_S          seconds between blocks (default kaspad 0.1, bitcoind 30; 0: blocks only on demand)
  SANDBOX_TX_PER_S         background transactions a second of bitcoind (default 1)
"""


def main(argv: list[str]) -> int:
    if not argv or argv[0] not in NODES:
        sys.stderr.write(USAGE)
        return 0 if argv[:1] in (["-h"], ["--help"]) else 64
    return NODES[argv[0]](argv[1:])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
