"""`python -m oracle`: the oracle on files, without a node."""

import sys

from oracle.cli import main

sys.exit(main(sys.argv[1:]))
