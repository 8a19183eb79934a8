"""`WS /ws/mempool`: every new price, to any number of clients."""

from __future__ import annotations

from fastapi import APIRouter
from serving.refusals import Refused
from starlette.responses import JSONResponse
from starlette.websockets import WebSocket

from oracle.web.context import Context
from oracle.web.history_query import whole
from oracle.web.listeners import PROTOCOL

REFUSED = 1008
"""Close code: RFC 6455 section 7.4.1."""


def router(context: Context) -> APIRouter:
    """The one route."""
    routes = APIRouter()

    @routes.websocket("/ws/mempool")
    async def mempool(socket: WebSocket, stream: str = "", after: str | None = None) -> None:
        """A snapshot first, then every half second what is new.

        A client that reconnects passes `stream`, and its last `sequence` as `after`. It gets only what it missed.
        """
        client = await context.clients.address(socket)
        if refusal := context.room.refusal(client):
            status, sentence = refusal
            await socket.send_denial_response(JSONResponse({"error": sentence}, status, {"Retry-After": "10"}))
            return
        context.room.enter(client)
        try:
            await serve(socket, stream, after)
        finally:
            context.room.leave(client)

    async def serve(socket: WebSocket, stream: str, after: str | None) -> None:
        await socket.accept()
        try:
            seen = whole("after", after) if stream == context.stream.name else None
        except Refused as refused:
            await socket.close(REFUSED, refused.sentence)
            return
        listener = socket.scope["state"][PROTOCOL]
        context.listeners.join(listener, seen)
        try:
            while (await socket.receive())["type"] != "websocket.disconnect":
                pass  # messages of clients are ignored
        finally:
            context.listeners.leave(listener)

    return routes
