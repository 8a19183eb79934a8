"""A proxy between the node's ZMQ port and the oracle that can be cut or blocked."""

from __future__ import annotations

import contextlib
import select
import socket
import threading
from collections.abc import Iterator

from tests.stage.ports import free_port

SMALL = 4096


class Cable:
    """`with Cable(port) as cable:` forwards its own port to `port` of this host, one direction and the other."""

    def __init__(self, target: int) -> None:
        self.port = free_port()
        self._target = target
        self._listener: socket.socket | None = None
        self._pairs: list[tuple[socket.socket, socket.socket]] = []
        self._clogged = threading.Event()
        self._ended = threading.Event()
        self._threads: list[threading.Thread] = []

    @property
    def address(self) -> str:
        return f"tcp://127.0.0.1:{self.port}"

    def __enter__(self) -> Cable:
        self.mend()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self.cut()
        for thread in self._threads:
            thread.join()

    def cut(self) -> None:
        """Break every connection and accept no new ones."""
        listener, self._listener = self._listener, None
        if listener is not None:
            listener.close()
        self.shake()

    def shake(self) -> None:
        """Break every connection; new ones are accepted at once."""
        pairs, self._pairs = self._pairs, []
        for pair in pairs:
            for end in pair:
                with contextlib.suppress(OSError):
                    end.shutdown(socket.SHUT_RDWR)
                end.close()

    def mend(self) -> None:
        listener = socket.socket()
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("127.0.0.1", self.port))
        listener.listen()
        self._listener = listener
        self._spawn(self._accept, listener)

    @contextlib.contextmanager
    def clogged(self) -> Iterator[None]:
        """Connections stay open, but no data from the node gets through."""
        self._clogged.set()
        try:
            yield
        finally:
            self._clogged.clear()

    def _spawn(self, work: object, *args: object) -> None:
        thread = threading.Thread(target=work, args=args, daemon=True)  # type: ignore[arg-type]
        self._threads.append(thread)
        thread.start()

    def _accept(self, listener: socket.socket) -> None:
        while self._listener is listener:
            try:
                if not select.select([listener], [], [], 0.1)[0]:
                    continue
                client, _ = listener.accept()
            except (OSError, ValueError):
                return
            node = socket.socket()
            node.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, SMALL)
            try:
                node.connect(("127.0.0.1", self._target))
            except OSError:
                client.close()
                continue
            self._pairs.append((client, node))
            self._spawn(self._forward, node, client, True)
            self._spawn(self._forward, client, node, False)

    def _forward(self, source: socket.socket, sink: socket.socket, downstream: bool) -> None:
        try:
            while not self._ended.is_set():
                if downstream and self._clogged.is_set():
                    self._ended.wait(0.02)
                    continue
                if not select.select([source], [], [], 0.1)[0]:
                    continue
                part = source.recv(65536)
                if not part:
                    break
                sink.sendall(part)
        except (OSError, ValueError):
            pass
        for end in (source, sink):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
