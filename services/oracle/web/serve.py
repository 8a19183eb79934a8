"""Serve until SIGTERM."""

from __future__ import annotations

import logging
import os
import signal
import sys

import uvicorn

from oracle.web.app import build
from oracle.web.crowd import Protocol
from oracle.web.settings import from_env

PING_S = 10.0
"""A client that answers no ping for so long after one is cut off."""


def serve() -> int:
    """Run the service with the settings of the environment; the exit code. OracleError when they cannot be used."""
    settings = from_env(os.environ)
    logging.basicConfig(
        level=settings.log_level.upper(), format="%(asctime)s %(levelname)s %(name)s: %(message)s", stream=sys.stdout
    )
    logging.getLogger("uvicorn.error").setLevel(logging.WARNING)  # it would name every client that comes and goes
    failed = False

    def ended() -> None:
        nonlocal failed
        failed = True
        logging.getLogger(__name__).error("the feed has failed; the process ends")
        server.should_exit = True

    config = uvicorn.Config(
        build(settings, ended),
        host=settings.host,
        port=settings.port,
        root_path=settings.root_path,
        ws=Protocol,
        ws_ping_interval=PING_S,
        ws_ping_timeout=PING_S,
        ws_per_message_deflate=False,  # it would be done for every client anew
        ws_max_size=1024,
        access_log=False,
        log_config=None,
        server_header=False,
        timeout_graceful_shutdown=5,
        backlog=4096,
    )
    server = uvicorn.Server(config)
    for stop in (signal.SIGTERM, signal.SIGINT):
        # uvicorn shuts down in its own handler and then raises the signal again: a stop that was asked for is a success
        signal.signal(stop, lambda *_: sys.exit(1 if failed else 0))
    server.run()
    return 0 if server.started and not failed else 1
