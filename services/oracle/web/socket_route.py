"""`WS /ws/mempool`: every answer as it is given, to any number of listeners."""

from __future__ import annotations

from fastapi import APIRouter
from serving.refusals import Refused
from starlette.websockets import WebSocket

from oracle.web.asked import whole
from oracle.web.crowd import PROTOCOL
from oracle.web.parts import Parts

MOST_CLIENTS = 8000
TRY_LATER, REFUSED = 1013, 1008
"""Close codes: RFC 6455 section 7.4.1 and its registry."""


def router(parts: Parts) -> APIRouter:
    """The one route."""
    routes = APIRouter()

    @routes.websocket("/ws/mempool")
    async def mempool(socket: WebSocket, stream: str = "", after: str | None = None) -> None:
        """First a snapshot, then what is new each half second.

        Who comes back names `stream` and the `sequence` he saw last as `after`, and gets only what he missed.
        """
        await socket.accept()
        if len(parts.crowd) >= MOST_CLIENTS:
            await socket.close(TRY_LATER, "too many clients; try again later")
            return
        try:
            seen = whole("after", after) if stream == parts.stream.name else None
        except Refused as refused:
            await socket.close(REFUSED, refused.sentence)
            return
        listener = socket.scope["state"][PROTOCOL]
        parts.crowd.join(listener, seen)
        try:
            while (await socket.receive())["type"] != "websocket.disconnect":
                pass  # what a client says is nothing to us
        finally:
            parts.crowd.leave(listener)

    return routes
