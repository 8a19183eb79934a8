"""bitcoind's JSON-RPC over HTTP.

Facts: Bitcoin Core v31.99 `src/httprpc.cpp`, `src/rpc/protocol.h`. Errors come as HTTP 500 or 404 with a JSON body
(JSON-RPC 1.0), wrong credentials as 401, a method that `rpcwhitelist` forbids as 403, a full work queue as 503. The
cookie file is rewritten at every start, so after a 401 it is read again once.
"""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from nodeclients.errors import NodeError, NodeRefused, NodeUnreachable, NodeWarmingUp
from nodeclients.links import keep_alive

WARMING_UP = -28
"""RPC_IN_WARMUP, src/rpc/protocol.h."""
MAX_ANSWER_BYTES = 512 * 1024 * 1024


class Credentials(Protocol):
    """The source of user and password; read again after a 401."""

    def read(self) -> str:
        """`user:password`. OSError when the file cannot be read."""
        ...


@dataclass(frozen=True)
class PasswordFile:
    """An `rpcauth` user whose password lies in a file (a mounted secret)."""

    user: str
    path: Path

    def read(self) -> str:
        return f"{self.user}:{self.path.read_text().strip()}"


@dataclass(frozen=True)
class CookieFile:
    """`<datadir>/<network>/.cookie`, which holds `__cookie__:<hex>`."""

    path: Path

    def read(self) -> str:
        return self.path.read_text().strip()


def sats(btc: float) -> int:
    """An amount of bitcoind's JSON (BTC with eight decimals, a float after parsing) in satoshis, exactly."""
    return round(btc * 100_000_000)


class BitcoindClient:
    """Calls to one bitcoind. Each opens its own connection, so a slow call does not delay others."""

    def __init__(self, host: str, port: int, credentials: Credentials, *, timeout_s: float = 10.0) -> None:
        self.host = host
        self.port = port
        self._credentials = credentials
        self._timeout_s = timeout_s
        self._basic = ""
        self._next_id = 0

    async def call(self, method: str, *params: Any, timeout_s: float | None = None) -> Any:
        """The result of one method.

        NodeWarmingUp on -28, NodeRefused on 401 and 403, NodeError on any other error of the node (its code kept),
        NodeUnreachable when there is no answer in time.
        """
        answer = await self._exchange(self._request(method, params), method, timeout_s)
        result = _outcome(answer, method)
        if isinstance(result, NodeError):
            raise result
        return result

    async def batch(self, calls: Sequence[tuple[str, Sequence[Any]]], *, timeout_s: float | None = None) -> list[Any]:
        """Results in the order of `calls`, one HTTP request. A failed call yields its NodeError as a value."""
        if not calls:
            return []
        requests = [self._request(method, params) for method, params in calls]
        answers = await self._exchange(requests, f"a batch of {len(calls)}", timeout_s)
        if not isinstance(answers, list):
            raise _as_error(answers, "batch")
        by_id = {answer.get("id"): answer for answer in answers}
        return [
            _outcome(by_id.get(request["id"]), method) for request, (method, _) in zip(requests, calls, strict=True)
        ]

    def _request(self, method: str, params: Sequence[Any]) -> dict[str, Any]:
        self._next_id += 1
        return {"jsonrpc": "1.0", "id": self._next_id, "method": method, "params": list(params)}

    async def _exchange(self, request: Any, what: str, timeout_s: float | None) -> Any:
        body = json.dumps(request).encode()
        deadline_s = self._timeout_s if timeout_s is None else timeout_s
        where = f"bitcoind at {self.host}:{self.port}"
        try:
            async with asyncio.timeout(deadline_s):
                status, answer = await self._post(body)
                # To a user, 403 means a method outside of its whitelist; to an address outside of rpcallowip, anything
                knows_us = status != 403 or (await _http_post(self.host, self.port, "", body))[0] == 401
        except TimeoutError as fault:
            raise NodeUnreachable(f"{where} did not answer {what} within {deadline_s:g} s") from fault
        except (OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError) as fault:
            raise NodeUnreachable(f"no answer from {where}: {fault}") from fault
        if status == 401:
            raise NodeRefused(f"{where} does not accept this user or password", 401)
        if not knows_us:
            raise NodeRefused(f"{where} takes no requests from this address: no network of its rpcallowip has it", 403)
        if status == 403:
            raise NodeRefused(f"{where} does not let this user call {what}", 403)
        try:
            return json.loads(answer)
        except (ValueError, RecursionError) as fault:
            text = answer[:200].decode(errors="replace").strip()
            raise NodeUnreachable(f"{where} answered HTTP {status} without JSON: {text}") from fault

    async def _post(self, body: bytes) -> tuple[int, bytes]:
        """Status and body; credentials are read at first use and once more after a 401."""
        fresh = not self._basic
        if fresh:
            self._basic = self._read_credentials()
        status, answer = await _http_post(self.host, self.port, self._basic, body)
        if status == 401 and not fresh:
            self._basic = self._read_credentials()
            status, answer = await _http_post(self.host, self.port, self._basic, body)
        if status == 401:
            self._basic = ""
        return status, answer

    def _read_credentials(self) -> str:
        try:
            return base64.b64encode(self._credentials.read().encode()).decode()
        except OSError as fault:
            raise NodeRefused(f"cannot read the RPC credentials: {fault}", 401) from fault


async def _http_post(host: str, port: int, basic: str, body: bytes) -> tuple[int, bytes]:
    """One HTTP/1.1 request and its answer, whose length bitcoind always states."""
    reader, writer = await asyncio.open_connection(host, port)
    keep_alive(writer.get_extra_info("socket"))
    try:
        credentials = f"Authorization: Basic {basic}\r\n" if basic else ""
        head = (
            f"POST / HTTP/1.1\r\nHost: {host}:{port}\r\n{credentials}"
            f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n"
        )
        writer.write(head.encode() + body)
        await writer.drain()
        lines = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        try:
            status = int(lines[0].split()[1])
            fields = dict(line.lower().split(":", 1) for line in lines[1:] if ":" in line)
            length = int(fields["content-length"])
        except (IndexError, KeyError, ValueError) as fault:
            raise OSError(f"not an answer from bitcoind: {lines[0]!r}") from fault
        if length > MAX_ANSWER_BYTES:
            raise OSError(f"the answer is too long: {length} bytes")
        return status, await reader.readexactly(length)
    finally:
        writer.close()


def _outcome(answer: Any, method: str) -> Any:
    """The result in a JSON-RPC answer, or its error as a NodeError value."""
    if isinstance(answer, dict) and answer.get("error") is None and "result" in answer:
        return answer["result"]
    return _as_error(answer, method)


def _as_error(answer: Any, method: str) -> NodeError:
    error = answer.get("error") if isinstance(answer, dict) else None
    if not isinstance(error, dict):
        return NodeError(f"{method}: the answer is not JSON-RPC: {str(answer)[:200]}")
    code, message = int(error.get("code", 0)), str(error.get("message", ""))
    return NodeWarmingUp(message, code) if code == WARMING_UP else NodeError(message, code)
