"""gunicorn's worker for the dashboard: uvicorn reads requests in an event loop, Flask answers them in threads.

gunicorn keeps the process: it binds the port, and starts the worker again when that ends or stops answering.
"""

from __future__ import annotations

import logging
import signal
import sys
from typing import Any

import uvicorn
from gunicorn.arbiter import Arbiter
from gunicorn.workers.base import Worker
from serving import door

from manage.web.gateway import Gateway

LIMITS = door.Limits()
GRACE_S = 4
"""How long requests under way may take after SIGTERM; gunicorn kills after 5 (`--graceful-timeout`)."""


class DoorWorker(Worker):  # type: ignore[misc]  # gunicorn has no types
    """Serves the WSGI application that gunicorn loads, with the limits of `serving.door`."""

    def init_process(self) -> None:
        """uvicorn's messages go where gunicorn's go."""
        uvicorn_log = logging.getLogger("uvicorn.error")
        uvicorn_log.handlers, uvicorn_log.propagate = self.log.error_log.handlers, False
        uvicorn_log.setLevel(logging.ERROR)  # it warns about each malformed request
        super().init_process()

    def init_signals(self) -> None:
        """uvicorn handles SIGTERM and SIGINT; the arbiter's SIGABRT and SIGQUIT end the process at once."""
        for number in self.SIGNALS:
            signal.signal(number, signal.SIG_DFL)
        signal.signal(signal.SIGUSR1, signal.SIG_IGN)  # "reopen your log files": there are none

    def run(self) -> None:
        """Until a signal. Exits with the code by which the arbiter knows that a start failed."""
        server = uvicorn.Server(uvicorn.Config(Gateway(self.wsgi), **self._options()))
        server.run(sockets=self.sockets)
        if not server.started:
            sys.exit(Arbiter.WORKER_BOOT_ERROR)

    def _options(self) -> dict[str, Any]:
        tls = self.cfg.ssl_options if self.cfg.is_ssl else {}
        return {
            "http": door.protocol(LIMITS),
            "lifespan": "off",
            "ws": "none",
            "log_config": None,
            "access_log": False,
            "proxy_headers": False,  # `manage.web.addresses` decides whom to believe
            "server_header": False,
            "backlog": self.cfg.backlog,
            "timeout_keep_alive": 4 * int(LIMITS.request_s),  # the door closes connections that wait, before this
            "timeout_graceful_shutdown": GRACE_S,
            "timeout_notify": self.timeout,  # gunicorn has halved it
            "callback_notify": self._notify,
            "ssl_certfile": tls.get("certfile"),
            "ssl_keyfile": tls.get("keyfile"),
        }

    async def _notify(self) -> None:
        self.notify()
