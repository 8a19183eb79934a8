"""The unix socket: who may connect, how many at once, one request a connection."""

from __future__ import annotations

import logging
import os
import socket
import struct
import threading
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from manage.access.refusals import Refused, as_message
from manage.agent import wire
from manage.agent.dispatch import Dispatcher, Peer

log = logging.getLogger(__name__)

REQUEST_S = 10.0
"""A connection that has not said what it wants by then is closed."""
MOST_CONNECTIONS = 48
_UCRED = struct.Struct("3i")
"""struct ucred of unix(7): pid, uid, gid."""


class Server:
    """Accepts connections in a thread of its own, answers each in another."""

    def __init__(self, path: Path, dispatcher: Dispatcher, *, peers: Mapping[int, Peer], gid: int = -1) -> None:
        """`peers` says by uid who may ask; all others are told so and closed. `gid` owns the socket (0660)."""
        self._dispatcher = dispatcher
        self._peers = peers
        self._free = threading.BoundedSemaphore(MOST_CONNECTIONS)
        self._path = path
        path.unlink(missing_ok=True)
        self._listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        previous = os.umask(0o117)  # 0660 from the first moment
        try:
            self._listener.bind(str(path))
        finally:
            os.umask(previous)
        os.chown(path, -1, gid)
        self._listener.listen(MOST_CONNECTIONS)
        self._thread = threading.Thread(target=self._accept, name="agent-socket", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def close(self) -> None:
        """Accept nobody any more; what runs is not waited for."""
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)  # wakes accept()
        self._listener.close()
        self._path.unlink(missing_ok=True)
        if self._thread.is_alive():
            self._thread.join(timeout=5)

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            if not self._free.acquire(blocking=False):
                _say(connection, as_message(Refused("busy", "The agent has too many callers.", "Try again.")))
                connection.close()
                continue
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        try:
            with connection:
                connection.settimeout(REQUEST_S)
                peer = self._peer(connection)
                # Read before any answer: closing with a request unread would reset the connection under the answer.
                request = next(wire.receive(connection, wire.LONGEST_REQUEST), None)
                if request is None:
                    return
                if peer is None:
                    _say(connection, as_message(Refused("role", "The agent does not answer this user.")))
                    return

                def emit(event: Mapping[str, Any]) -> None:
                    wire.send(connection, {"event": event})

                _say(connection, self._dispatcher.answer(peer, request, emit))
        except wire.Malformed:
            log.warning("a request was not a line of JSON")
        except OSError as error:
            log.debug("a caller left: %s", error)
        finally:
            self._free.release()

    def _peer(self, connection: socket.socket) -> Peer | None:
        credentials = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _UCRED.size)
        _, uid, _ = _UCRED.unpack(credentials)
        peer = self._peers.get(uid)
        if peer is None:
            log.warning("refused uid %s", uid)
        return peer


def _say(connection: socket.socket, message: Mapping[str, Any]) -> None:
    with suppress(OSError):
        wire.send(connection, message)
