"""`WS /ws/mempool`: every answer as it is given, to any number of listeners."""

from __future__ import annotations

import asyncio
import contextlib
from typing import Any

from fastapi import APIRouter
from starlette.websockets import WebSocket, WebSocketDisconnect
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

from oracle.web.asked import whole
from oracle.web.faults import Refused
from oracle.web.parts import Parts
from oracle.web.stream import Stream

MOST_CLIENTS = 8000
TRY_LATER, UNSUPPORTED = 1013, 1008
"""Close codes: RFC 6455 section 7.4.1 and its registry."""
BUFFER = 256 * 1024
"""Bytes that wait for a client before no more is written to him."""


class Protocol(WebSocketsSansIOProtocol):
    """uvicorn's, but for clients that do not read: their connection is cut instead of closed in good order."""

    def connection_made(self, transport: Any) -> None:
        super().connection_made(transport)
        transport.set_write_buffer_limits(high=BUFFER)

    def keepalive_timeout(self) -> None:
        super().keepalive_timeout()
        self.transport.abort()  # a close would wait for ever behind what the client does not take


def router(parts: Parts) -> APIRouter:
    """The one route."""
    routes = APIRouter()

    @routes.websocket("/ws/mempool")
    async def mempool(socket: WebSocket, stream: str = "", after: str | None = None) -> None:
        """First a snapshot, then what is new each half second.

        Who comes back names `stream` and the `sequence` he saw last as `after`, and gets only what he missed.
        """
        await socket.accept()
        if len(parts.clients) >= MOST_CLIENTS:
            await socket.close(TRY_LATER, "too many clients; try again later")
            return
        try:
            seen = whole("after", after) if stream == parts.stream.name else None
        except Refused as refused:
            await socket.close(UNSUPPORTED, refused.sentence)
            return
        parts.clients.add(socket)
        sides = [asyncio.create_task(_send(socket, parts.stream, seen)), asyncio.create_task(_ignore(socket))]
        try:
            await asyncio.wait(sides, return_when=asyncio.FIRST_COMPLETED)
        finally:
            parts.clients.discard(socket)
            for side in sides:
                side.cancel()
            await asyncio.gather(*sides, return_exceptions=True)

    return routes


async def _send(socket: WebSocket, stream: Stream, seen: int | None) -> None:
    """Newest first, always: while one message is being sent, those in between are folded into the next."""
    seen = stream.known(seen)
    with contextlib.suppress(WebSocketDisconnect, RuntimeError):
        while True:
            if seen is not None or not stream.number:
                await stream.after(seen or 0)
            text, seen = stream.message(seen), stream.number
            await socket.send_text(text)


async def _ignore(socket: WebSocket) -> None:
    """Read what the client says, which is nothing to us; it ends with the connection."""
    with contextlib.suppress(WebSocketDisconnect, RuntimeError):
        while True:
            await socket.receive()
