"""Serve until SIGTERM."""

from __future__ import annotations

import logging
import os

from serving.server import Server

from oracle.web.app import build
from oracle.web.crowd import Protocol
from oracle.web.settings import from_env

PING_S = 10.0
"""A client that answers no ping for so long after one is cut off."""


def serve() -> int:
    """Run the service with the settings of the environment; the exit code. OracleError when they cannot be used."""
    settings = from_env(os.environ)
    server = Server(settings.server)
    logging.getLogger("uvicorn.error").setLevel(logging.WARNING)  # it would name every client that comes and goes

    def ended() -> None:
        logging.getLogger(__name__).error("the feed has failed; the process ends")
        server.fail()

    return server.run(
        build(settings, ended),
        ws=Protocol,
        ws_ping_interval=PING_S,
        ws_ping_timeout=PING_S,
        ws_per_message_deflate=False,  # it would be done for every client anew
        ws_max_size=1024,
        backlog=4096,
    )
