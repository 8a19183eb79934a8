"""All WebSocket clients at once: a message is framed once and the same bytes are written to every connection."""

from __future__ import annotations

from typing import Any

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.frames import Frame, Opcode

from oracle.web.stream import Stream

PROTOCOL = "oracle_protocol"
"""Key of a connection's protocol in the state of its ASGI scope."""
BUFFER = 256 * 1024
"""Bytes that may wait for a slow client; above that, nothing more is written to it."""


class Protocol(WebSocketsSansIOProtocol):
    """uvicorn's, with a method that writes finished frames. Sending each through ASGI would cost five times as much,
    and a thousand clients would wait for each other.
    """

    def connection_made(self, transport: Any) -> None:
        super().connection_made(transport)
        transport.set_write_buffer_limits(high=BUFFER)

    def handle_connect(self, event: Any) -> None:
        super().handle_connect(event)
        if self.response.status_code == 101:
            self.scope["state"][PROTOCOL] = self

    def write(self, frame: bytes) -> bool:
        """Whether the frame was written; False for a client that is slow or gone."""
        if self.disconnected or self.transport.is_closing() or not self.writable.is_set():
            return False
        self.transport.write(frame)
        return True

    def keepalive_timeout(self) -> None:
        super().keepalive_timeout()
        self.transport.abort()  # a close would wait forever behind data that the client does not read


class Listeners:
    """The connected clients, each with the number of the last message it got; None before the first."""

    def __init__(self, stream: Stream) -> None:
        self._stream = stream
        self._seen: dict[Protocol, int | None] = {}
        self._frames: dict[int | None, bytes] = {}
        self._frames_of = 0

    def __len__(self) -> int:
        return len(self._seen)

    def join(self, listener: Protocol, seen: int | None) -> None:
        """Add a client and send it what it has not `seen`."""
        self._seen[listener] = self._stream.known(seen)
        self._send_to(listener)

    def leave(self, listener: Protocol) -> None:
        """Remove a client."""
        self._seen.pop(listener, None)

    def send(self) -> None:
        """Send the latest message to every client. Slow clients are skipped; later they get all they missed in one."""
        for listener in self._seen:
            self._send_to(listener)

    def _send_to(self, listener: Protocol) -> None:
        seen, newest = self._seen[listener], self._stream.number
        if seen != newest and listener.write(self._frame(seen)):
            self._seen[listener] = newest

    def _frame(self, seen: int | None) -> bytes:
        if self._frames_of != self._stream.number:
            self._frames, self._frames_of = {}, self._stream.number
        if seen not in self._frames:
            text = self._stream.message(seen).encode()
            self._frames[seen] = bytes(Frame(Opcode.TEXT, text).serialize(mask=False))
        return self._frames[seen]
