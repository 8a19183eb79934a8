"""`python -m oracle`: runs the service, or with a command the oracle on files or on a recording."""

import sys

from oracle import cli, livecli

COMMANDS = sys.argv[1:]
live = not COMMANDS or COMMANDS[0] in livecli.COMMANDS
sys.exit(livecli.main(COMMANDS) if live else cli.main(COMMANDS))
