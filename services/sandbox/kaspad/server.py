"""The WebSocket server, which handles frames as kaspad's wRPC server does."""

from __future__ import annotations

import asyncio
import contextlib
import json
from typing import Any

from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request, Response

from sandbox.kaspad import sessions
from sandbox.kaspad.fields import Malformed
from sandbox.kaspad.methods import METHODS
from sandbox.kaspad.node import Node
from sandbox.kaspad.rpc import RpcError
from sandbox.kaspad.sessions import Session

MAX_MESSAGE_BYTES = 128 * 1024 * 1024


class Unreadable(Exception):
    """A frame for which kaspad closes the connection without an answer."""


class WrpcServer:
    """Listens for clients. `drop` closes all connections and refuses new ones; `open` accepts them again."""

    def __init__(self, node: Node) -> None:
        self._node = node
        self._server: Server | None = None
        self._connections: dict[int, ServerConnection] = {}
        self._next_number = 0

    async def open(self) -> None:
        """Raises OSError if the address is in use. Does not listen without --rpclisten-json, like the real node."""
        flags = self._node.flags
        if not flags.port:
            return
        self._server = await serve(
            self._client,
            flags.host,
            flags.port,
            compression=None,
            ping_interval=None,
            close_timeout=1,
            max_size=MAX_MESSAGE_BYTES,
            process_request=self._hold_while_frozen,
        )

    async def drop(self) -> None:
        if self._server is not None:
            self._server.close(close_connections=False)
            self._server = None
        for connection in list(self._connections.values()):
            connection.transport.abort()

    async def _hold_while_frozen(self, _connection: ServerConnection, _request: Request) -> Response | None:
        """The kernel still accepts connections for a frozen node, but nothing follows."""
        await self._node.faults.wait_while_frozen()
        return None

    async def _client(self, connection: ServerConnection) -> None:
        number, self._next_number = self._next_number, self._next_number + 1
        session = Session(number, connection.transport.abort)
        self._connections[number] = connection
        self._node.sessions[number] = session
        self._node.connected += 1
        writer = asyncio.create_task(self._write(connection, session))
        try:
            async for message in connection:
                await self._node.faults.wait_for_turn()
                self._node.bytes_received += len(message)
                answer = self._answer(session, message)
                if answer is not None:
                    session.send(json.dumps(answer))
        except Unreadable:
            connection.transport.abort()
        except ConnectionClosed:
            return
        finally:
            del self._connections[number], self._node.sessions[number]
            writer.cancel()

    async def _write(self, connection: ServerConnection, session: Session) -> None:
        with contextlib.suppress(ConnectionClosed):
            while True:
                text = await session.waiting.get()
                self._node.bytes_sent += len(text)
                await connection.send(text)

    def _answer(self, session: Session, message: str | bytes) -> dict[str, Any] | None:
        """The answer to one frame; None for one without an id. Raises Unreadable if kaspad would disconnect."""
        number, method, params = _parsed(message)
        try:
            error_text = self._node.faults.errors.get(method)
            if error_text is not None:
                raise RpcError(error_text)
            if method in _SUBSCRIPTIONS:
                result = self._subscription(session, method, params)
            else:
                result = self._call(method, params)
            answer = {"id": number, "method": method, "params": result}
        except Malformed:
            answer = _error(number, method, "request deserialization error")
        except RpcError as fault:
            answer = _error(number, method, str(fault))
        return None if number is None else answer

    def _call(self, method: str, params: Any) -> dict[str, Any]:
        if params == []:
            params = {}  # serde also reads a struct without fields from an empty list
        if not isinstance(params, dict):
            raise Malformed
        return METHODS[method](self._node, params)

    def _subscription(self, session: Session, method: str, params: Any) -> dict[str, Any]:
        if method == "unsubscribe":
            sessions.unsubscribe(session, params)
            return {}
        refusal = sessions.subscribe(session, params, everything_allowed=self._node.flags.unsafe_rpc)
        if refusal:
            raise RpcError(refusal)
        return {"id": session.number}


_SUBSCRIPTIONS = ("subscribe", "unsubscribe")
ANSWERED = dict.fromkeys((*METHODS, *_SUBSCRIPTIONS))
"""For any other name kaspad closes the connection."""


def _parsed(message: str | bytes) -> tuple[int | None, str, Any]:
    """(id, method, params) of a frame, binary or text."""
    try:
        frame = json.loads(message)
    except ValueError as fault:
        raise Unreadable from fault
    if not isinstance(frame, dict) or "params" not in frame:
        raise Unreadable
    number, method = frame.get("id"), frame.get("method")
    if number is not None and (not isinstance(number, int) or isinstance(number, bool) or not 0 <= number < 2**64):
        raise Unreadable
    if not isinstance(method, str) or method not in ANSWERED:
        raise Unreadable
    return number, method, frame["params"]


def _error(number: int | None, method: str, message: str) -> dict[str, Any]:
    return {"id": number, "method": method, "error": {"code": 0, "message": message, "data": None}}
