"""JSON-RPC over HTTP as in bitcoind's `src/httprpc.cpp`: users, whitelist, batches, both JSON-RPC versions."""

from __future__ import annotations

import asyncio
import base64
import binascii
import hmac
import json
from dataclasses import dataclass
from typing import Any

from sandbox.bitcoind import rpc
from sandbox.bitcoind.methods import METHODS
from sandbox.bitcoind.node import Node
from sandbox.bitcoind.rpc import RpcError

PARSE_ERROR, INVALID_REQUEST, METHOD_NOT_FOUND = -32700, -32600, -32601
STATUS = {200: "OK", 204: "No Content", 400: "Bad Request", 401: "Unauthorized", 403: "Forbidden"}
STATUS |= {404: "Not Found", 405: "Method Not Allowed", 500: "Internal Server Error"}
MAX_BODY_BYTES = 32 * 1024 * 1024


@dataclass(frozen=True)
class Reply:
    status: int
    body: str = ""


class RpcServer:
    """Listens at every `rpcbind`. `drop` closes all connections and refuses new ones; `open` accepts them again."""

    def __init__(self, node: Node) -> None:
        self._node = node
        self._servers: list[asyncio.Server] = []
        self._connections: set[asyncio.StreamWriter] = set()

    async def open(self) -> None:
        """Raises OSError if an address is in use."""
        for host, port in self._node.conf.binds:
            self._servers.append(await asyncio.start_server(self._client, host, port))

    async def drop(self) -> None:
        for server in self._servers:
            server.close()
        self._servers.clear()
        for writer in list(self._connections):
            writer.transport.abort()

    async def _client(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._connections.add(writer)
        try:
            while await self._exchange(reader, writer):
                pass
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.LimitOverrunError, ValueError):
            return
        finally:
            self._connections.discard(writer)
            writer.close()

    async def _exchange(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        """Answer one request; return whether the connection stays open."""
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        verb = head[0].split(" ", 1)[0]
        fields = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in head[1:])}
        length = int(fields.get("content-length", "0"))
        if length > MAX_BODY_BYTES:
            return False
        body = await reader.readexactly(length)
        await self._node.faults.wait_for_turn()
        allowed = self._node.conf.allows(writer.get_extra_info("peername")[0])
        reply = self._reply(verb, fields.get("authorization", ""), body) if allowed else Reply(403)
        stays = fields.get("connection", "").lower() != "close"
        asks = 'WWW-Authenticate: Basic realm="jsonrpc"\r\n' if reply.status == 401 else ""
        text = reply.body.encode()
        writer.write(
            f"HTTP/1.1 {reply.status} {STATUS[reply.status]}\r\n{asks}Content-Type: application/json\r\n"
            f"Content-Length: {len(text)}\r\nConnection: {'keep-alive' if stays else 'close'}\r\n\r\n".encode()
            + text
        )
        await writer.drain()
        return stays

    def _reply(self, verb: str, authorization: str, body: bytes) -> Reply:
        if verb != "POST":
            return Reply(405, "JSONRPC server handles only POST requests")
        user = self._user(authorization)
        if user is None:
            return Reply(401)
        try:
            request = json.loads(body)
        except ValueError:
            return _single(None, RpcError(PARSE_ERROR, "Parse error"), None)
        if isinstance(request, list):
            if not all(self._allowed(user, each) for each in request):
                return Reply(403)
            replies = [self._one(each).body for each in request]
            return Reply(200, f"[{','.join(text for text in replies if text)}]\n")
        if not isinstance(request, dict):
            return _single(None, RpcError(PARSE_ERROR, "Top-level object parse error"), None)
        return self._one(request) if self._allowed(user, request) else Reply(403)

    def _one(self, request: Any) -> Reply:
        if not isinstance(request, dict):
            return _single(None, RpcError(INVALID_REQUEST, "Invalid Request object"), None)
        try:
            return _single(self._result(request), None, request)
        except RpcError as fault:
            return _single(None, fault, request)

    def _result(self, request: dict[str, Any]) -> Any:
        name, arguments = request.get("method"), request.get("params")
        if name is None:
            raise RpcError(INVALID_REQUEST, "Missing method")
        if not isinstance(name, str):
            raise RpcError(INVALID_REQUEST, "Method must be a string")
        if arguments is not None and not isinstance(arguments, list | dict):
            raise RpcError(INVALID_REQUEST, "Params must be an array or object")
        if message := self._node.faults.errors.get(name):
            raise RpcError(rpc.MISC, message)
        if name not in METHODS:
            raise RpcError(METHOD_NOT_FOUND, "Method not found")
        return rpc.call(self._node, name, METHODS[name], arguments or [])

    def _user(self, authorization: str) -> str | None:
        """The user of a request; None if the password is wrong."""
        try:
            user, _, password = base64.b64decode(authorization.removeprefix("Basic ")).decode().partition(":")
        except (binascii.Error, ValueError):
            return None
        salt, wanted = self._node.conf.rpcauth.get(user, ("", ""))
        given = hmac.new(salt.encode(), password.encode(), "sha256").hexdigest()
        return user if wanted and hmac.compare_digest(given, wanted) else None

    def _allowed(self, user: str, request: Any) -> bool:
        may = self._node.conf.whitelist.get(user)
        if may is None:
            return not self._node.conf.whitelist_default
        return isinstance(request, dict) and request.get("method") in may


def _single(result: Any, fault: RpcError | None, request: dict[str, Any] | None) -> Reply:
    """An answer in the JSON-RPC version of its request. Only 1.x also reports errors in the HTTP status."""
    asked = request or {}
    error = {"code": fault.code, "message": fault.message} if fault else None
    if asked.get("jsonrpc") == "2.0":
        if "id" not in asked:
            return Reply(204)
        outcome: dict[str, Any] = {"error": error} if error else {"result": result}
        return Reply(200, json.dumps({"jsonrpc": "2.0", **outcome, "id": asked["id"]}) + "\n")
    status = 200 if fault is None else {INVALID_REQUEST: 400, METHOD_NOT_FOUND: 404}.get(fault.code, 500)
    return Reply(status, json.dumps({"result": result, "error": error, "id": asked.get("id")}) + "\n")
