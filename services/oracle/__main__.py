"""`python -m oracle`: runs the service, or with a command the oracle on files or on a recording."""

import sys

from oracle import cli, live_cli

COMMANDS = sys.argv[1:]
live = not COMMANDS or COMMANDS[0] in live_cli.COMMANDS
sys.exit(live_cli.main(COMMANDS) if live else cli.main(COMMANDS))
