"""The engine's socket behind a proxy that changes some of its answers, as an engine on another kernel gives them."""

from __future__ import annotations

import contextlib
import json
import re
import socket
import socketserver
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from manage.engine.endpoint import address

Retell = Callable[[str, dict[str, Any]], None]
"""Changes the engine's answer, a JSON document, to a GET of the path, in place."""

RETOLD = re.compile(rb"GET (?:/v[\d.]+)?(/info|/containers/[^/ ]+/json)[ ?]")


@contextlib.contextmanager
def engine(path: Path, retell: Retell) -> Iterator[str]:
    """`DOCKER_HOST` of a socket at `path` that tells what the engine tells, with `retell`'s changes."""
    behind = address()

    class Handler(socketserver.StreamRequestHandler):
        rbufsize = 0  # what follows the head is read from the socket

        def handle(self) -> None:
            head = b"".join(iter(self.rfile.readline, b"\r\n"))
            with socket.socket(socket.AF_UNIX) as real:
                real.connect(behind)
                if told := RETOLD.match(head):
                    self._retell(real, head, told[1].decode())
                else:
                    self._pass_on(real, head)

        def _retell(self, real: socket.socket, head: bytes, path: str) -> None:
            real.sendall(head.replace(b"HTTP/1.1", b"HTTP/1.0", 1) + b"\r\n")  # so that the answer has no chunks
            answer, _, body = b"".join(iter(lambda: real.recv(1 << 16), b"")).partition(b"\r\n\r\n")
            status = answer.split(b"\r\n")[0].split(b" ", 1)[1]
            if status.startswith(b"200"):
                document = json.loads(body)
                retell(path, document)
                body = json.dumps(document).encode()
            length = b"Content-Length: %d" % len(body)
            lines = (b"HTTP/1.1 " + status, b"Content-Type: application/json", length, b"Connection: close", b"", body)
            self.wfile.write(b"\r\n".join(lines))

        def _pass_on(self, real: socket.socket, head: bytes) -> None:
            if b"upgrade" not in head.lower():  # one request on a connection, so that none passes unseen
                head = re.sub(rb"(?i)connection:.*\r\n", b"", head) + b"Connection: close\r\n"
            real.sendall(head + b"\r\n")
            upwards = threading.Thread(target=self._upwards, args=(real,), daemon=True)
            upwards.start()
            while part := real.recv(1 << 16):
                self.wfile.write(part)

        def _upwards(self, real: socket.socket) -> None:
            with contextlib.suppress(OSError):
                while part := self.request.recv(1 << 16):
                    real.sendall(part)

    class Server(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
        daemon_threads = True

        def handle_error(self, request: Any, client_address: Any) -> None:
            """A client that left in the middle is no news."""

    with Server(str(path), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        try:
            yield f"unix://{path}"
        finally:
            server.shutdown()
            thread.join()
