"""A stand-in for Docker's engine: answers each request on a unix socket with what the test gives it."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path

Respond = Callable[[str], Iterable[bytes]]
"""Target of a request ("/containers/json?...") -> the parts of its answer, head included; may be endless."""


def answer(body: bytes, status: str = "200 OK") -> bytes:
    return f"HTTP/1.0 {status}\r\nContent-Type: application/json\r\n\r\n".encode() + body


def frame(text: bytes, stream: int = 1) -> bytes:
    """`text` as the engine frames it in a log."""
    return bytes((stream, 0, 0, 0)) + len(text).to_bytes(4, "big") + text


class Engine:
    """Serves at `path` until it is closed."""

    def __init__(self, path: Path, respond: Respond, *, head: bool = True) -> None:
        """`head`: requests have the form of HTTP; otherwise `respond` gets their first word, whatever it is."""
        self._respond = respond
        self._target = int(head)
        self._listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._listener.bind(str(path))
        self._listener.listen()
        self.stop = threading.Event()
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        self.stop.set()
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                connection, _ = self._listener.accept()
                threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        with connection, suppress(OSError):
            request = connection.recv(65536).decode()
            for part in self._respond(request.split(" ", 2)[self._target]):
                connection.sendall(part)
                if self.stop.is_set():
                    return
