"""Serve until SIGTERM."""

from __future__ import annotations

import logging
import os

from nodeclients.links import LISTENERS
from serving.server import Server

from oracle.web.app import build
from oracle.web.listeners import Protocol
from oracle.web.settings import from_env


def run_service() -> int:
    """Run the service with the settings of the environment; the exit code. Raises OracleError for invalid settings."""
    settings = from_env(os.environ)
    server = Server(settings.server)
    logging.getLogger("uvicorn.error").setLevel(logging.WARNING)  # it would log every client that connects

    def ended() -> None:
        logging.getLogger(__name__).error("the feed failed; the process ends")
        server.fail()

    return server.run(
        build(settings, ended),
        ws=Protocol,
        ws_ping_interval=LISTENERS.every_s,
        ws_ping_timeout=LISTENERS.deadline_s,
        ws_per_message_deflate=False,  # it would compress the same message for every client
        ws_max_size=1024,
        backlog=4096,
    )
