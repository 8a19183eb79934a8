"""Serve one application until SIGTERM."""

from __future__ import annotations

import logging
import signal
import sys
from typing import Any

import uvicorn

from serving import door
from serving.door import Limits
from serving.settings import ServerSettings


class Server:
    """The HTTP server of this process. When it ends, the process ends."""

    def __init__(self, settings: ServerSettings) -> None:
        self._settings = settings
        self._failed = False
        self._server: uvicorn.Server | None = None

    def fail(self) -> None:
        """Stop with exit code 1 after finishing the current requests."""
        self._failed = True
        if self._server is not None:
            self._server.should_exit = True

    def run(self, app: Any, limits: Limits = Limits(), **options: Any) -> int:  # noqa: B008 - frozen
        """Serve the ASGI application `app`, with more `options` for uvicorn; the exit code. Only in the main thread."""
        logging.basicConfig(
            level=self._settings.log_level.upper(),
            format="%(asctime)s %(levelname)s %(name)s: %(message)s",
            stream=sys.stdout,
        )
        for stop in (signal.SIGTERM, signal.SIGINT):
            # uvicorn shuts down in its own handler and then raises the signal again. A requested stop is a success.
            signal.signal(stop, lambda *_: sys.exit(self._exit_code))
        self._server = uvicorn.Server(
            uvicorn.Config(
                app,
                host=self._settings.host,
                port=self._settings.port,
                root_path=self._settings.root_path,  # of the server: FastAPI's own parameter is deprecated
                access_log=False,
                log_config=None,
                http=door.protocol(limits),
                timeout_keep_alive=4 * int(limits.request_s),  # the door closes connections that wait, before this
                proxy_headers=False,
                server_header=False,
                timeout_graceful_shutdown=5,
                **options,
            )
        )
        self._server.run()
        return self._exit_code if self._server.started else 1

    @property
    def _exit_code(self) -> int:
        return 1 if self._failed else 0
