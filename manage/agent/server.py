"""The unix socket: allowed callers, limit of connections, one request per connection."""

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

from nodeclients.links import AGENT_SERVER

from manage.access.refusals import Refused, as_message
from manage.agent import wire
from manage.agent.dispatch import Dispatcher, Peer

log = logging.getLogger(__name__)

REQUEST_S = AGENT_SERVER.deadline_s
"""A connection is closed without a whole request after this time, or if a message is not read for so long."""
MOST_CONNECTIONS = 48
_UCRED = struct.Struct("3i")
"""struct ucred of unix(7): pid, uid, gid."""


class Server:
    """Accepts connections in one thread and answers each in another."""

    def __init__(self, path: Path, dispatcher: Dispatcher, *, peers: Mapping[int, Peer], gid: int = -1) -> None:
        """`peers`: allowed callers by uid; others get an error and are disconnected. `gid` owns the socket (0660)."""
        self._dispatcher = dispatcher
        self._peers = peers
        self._free = threading.BoundedSemaphore(MOST_CONNECTIONS)
        self._path = path
        path.unlink(missing_ok=True)
        self._listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        previous = os.umask(0o117)  # the socket is 0660 from its creation on
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
        """Stop accepting connections; does not wait for running requests."""
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
                connection.settimeout(0)
                _send(connection, as_message(Refused("busy", "The agent has too many connections.", "Try again.")))
                connection.close()
                continue
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        try:
            with connection:
                peer = self._peer(connection)
                # Read first: closing the socket with an unread request would reset it and lose the answer.
                request = next(wire.receive(connection, wire.LONGEST_REQUEST, REQUEST_S), None)
                connection.settimeout(REQUEST_S)  # for each message of ours
                if request is None:
                    return
                if peer is None:
                    _send(connection, as_message(Refused("role", "The agent does not answer this user.")))
                    return

                def emit(event: Mapping[str, Any]) -> None:
                    wire.send(connection, {"event": event})

                _send(connection, self._dispatcher.answer(peer, request, emit))
        except wire.Malformed:
            log.warning("a request was not a line of JSON")
        except OSError as error:
            log.debug("a caller disconnected: %s", error)
        finally:
            self._free.release()

    def _peer(self, connection: socket.socket) -> Peer | None:
        credentials = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _UCRED.size)
        _, uid, _ = _UCRED.unpack(credentials)
        peer = self._peers.get(uid)
        if peer is None:
            log.warning("refused uid %s", uid)
        return peer


def _send(connection: socket.socket, message: Mapping[str, Any]) -> None:
    with suppress(OSError):
        wire.send(connection, message)
