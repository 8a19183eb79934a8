"""`python -m tracker`: read the environment, then serve until SIGTERM."""

from __future__ import annotations

import logging
import os
import sys

from serving.server import Server
from serving.settings import SettingsError

from tracker.app import build
from tracker.settings import from_env

EXIT_USAGE = 64


def main() -> int:
    try:
        settings = from_env(os.environ)
    except SettingsError as error:
        print(error, file=sys.stderr)  # noqa: T201
        return EXIT_USAGE
    logging.getLogger("websockets").setLevel(logging.WARNING)
    return Server(settings.server).run(build(settings), ws="none")


if __name__ == "__main__":
    sys.exit(main())
