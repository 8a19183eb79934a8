"""All listeners at once: a message is framed once, and written to each connection as it is."""

from __future__ import annotations

from typing import Any

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.frames import Frame, Opcode

from oracle.web.stream import Stream

PROTOCOL = "oracle_protocol"
"""Where a connection finds its protocol in the state of its scope."""
BUFFER = 256 * 1024
"""Bytes that wait for a client before no more is written to him."""


class Protocol(WebSocketsSansIOProtocol):
    """uvicorn's, with a way to write frames that are made already. Going through ASGI for each would cost five times as
    much, and a thousand clients would wait for each other.
    """

    def connection_made(self, transport: Any) -> None:
        super().connection_made(transport)
        transport.set_write_buffer_limits(high=BUFFER)

    def handle_connect(self, event: Any) -> None:
        super().handle_connect(event)
        if self.response.status_code == 101:
            self.scope["state"][PROTOCOL] = self

    def write(self, frame: bytes) -> bool:
        """Whether it was written: not while the client is behind, nor once he is gone."""
        if self.disconnected or self.transport.is_closing() or not self.writable.is_set():
            return False
        self.transport.write(frame)
        return True

    def keepalive_timeout(self) -> None:
        super().keepalive_timeout()
        self.transport.abort()  # a close would wait for ever behind what the client does not take


class Crowd:
    """Listeners, each with the number that he has; None while he has nothing."""

    def __init__(self, stream: Stream) -> None:
        self._stream = stream
        self._seen: dict[Protocol, int | None] = {}
        self._frames: dict[int | None, bytes] = {}
        self._frames_of = 0

    def __len__(self) -> int:
        return len(self._seen)

    def join(self, listener: Protocol, seen: int | None) -> None:
        """Tell the newcomer what he has not `seen`, at once."""
        self._seen[listener] = self._stream.known(seen)
        self._tell(listener)

    def leave(self, listener: Protocol) -> None:
        self._seen.pop(listener, None)

    def tell(self) -> None:
        """The newest to everybody. Who is behind is left out, and gets all that he missed in one later."""
        for listener in self._seen:
            self._tell(listener)

    def _tell(self, listener: Protocol) -> None:
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
