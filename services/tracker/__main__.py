"""`python -m tracker`: read the environment, serve until SIGTERM."""

from __future__ import annotations

import logging
import os
import signal
import sys

import uvicorn

from tracker.app import build
from tracker.settings import SettingsError, from_env

EXIT_USAGE = 64


def main() -> int:
    try:
        settings = from_env(os.environ)
    except SettingsError as error:
        print(error, file=sys.stderr)  # noqa: T201
        return EXIT_USAGE
    logging.basicConfig(
        level=settings.log_level.upper(), format="%(asctime)s %(levelname)s %(name)s: %(message)s", stream=sys.stdout
    )
    logging.getLogger("websockets").setLevel(logging.WARNING)
    for stop in (signal.SIGTERM, signal.SIGINT):
        # uvicorn shuts down in its own handler and then raises the signal again: a stop that was asked for is a success
        signal.signal(stop, lambda *_: sys.exit(0))
    server = uvicorn.Server(
        uvicorn.Config(
            build(settings),
            host=settings.host,
            port=settings.port,
            root_path=settings.root_path,
            ws="none",
            access_log=False,
            log_config=None,
            server_header=False,
            timeout_graceful_shutdown=5,
        )
    )
    server.run()
    return 0 if server.started else 1


if __name__ == "__main__":
    sys.exit(main())
