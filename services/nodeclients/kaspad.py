"""kaspad's wRPC with JSON encoding, over one WebSocket.

Wire format: rusty-kaspa v2.0.1 `rpc/wrpc/server` with workflow-rpc's JSON protocol. A request is
`{"id": u64, "method": camelCase, "params": {...}}` with `params` mandatory; the result comes back under `params`, an
error under `error`; a notification has no id and carries `{"params": {Scope: body}}`. kaspad silently
closes the socket after a frame that it cannot parse, including an unknown method.

kaspad processes the requests of one connection in order, one at a time, so a slow call (`getUtxosByAddresses` over many
addresses) delays everything behind it: keep one connection for subscriptions and another one for calls.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Self

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidMessage, InvalidURI

from nodeclients import wrpc
from nodeclients.errors import NodeError, NodeUnreachable
from nodeclients.links import KASPAD_BUSY, keep_alive

MAX_MESSAGE_BYTES = 16 * 1024 * 1024
"""A larger frame closes the connection (1009). Parsing takes five times its size, and our containers have 256 MB.
kaspad itself sends frames of any size: see `kaspad_entries` for answers that may be large.
"""
MAX_WAITING = 100_000
"""How many notifications may wait for the reader. With more the reader is stuck, and the connection closes instead of
losing some silently.
"""


@dataclass(frozen=True)
class Notification:
    """One push: `scope` in kaspad's words ("UtxosChanged"), `body` as kaspad sent it."""

    scope: str
    body: dict[str, Any]
    size: int = field(default=0, compare=False)
    """Characters of its frame."""


@dataclass(frozen=True)
class Closed:
    """The connection and all its subscriptions have ended. `code` is the WebSocket close code (1006: none sent)."""

    code: int
    reason: str


class KaspadClient:
    """One connection: `async with KaspadClient("ws://kaspad:18510") as client: ...`

    It does not reconnect. After a `Closed`, open a new client, subscribe first, then read the state again.
    """

    def __init__(self, url: str, *, timeout_s: float = 10.0, ping_s: float | None = KASPAD_BUSY.every_s) -> None:
        """`timeout_s` is the deadline of connecting and of each call; `ping_s` finds lost peers (None: no pings)."""
        self.url = url
        self.closed: Closed | None = None
        self._timeout_s = timeout_s
        self._ping_s = ping_s
        self._next_id = 0
        self._waiting: dict[int, asyncio.Future[dict[str, Any]]] = {}
        self._notifications: asyncio.Queue[Notification | Closed] = asyncio.Queue()
        self._socket: ClientConnection | None = None
        self._pump: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        """Connect. Raises NodeUnreachable when nothing listens there or it is not a WebSocket."""
        try:
            self._socket = await connect(
                self.url,
                open_timeout=self._timeout_s,
                close_timeout=1,
                ping_interval=self._ping_s,
                ping_timeout=self._ping_s,
                max_size=MAX_MESSAGE_BYTES,
                compression=None,
                proxy=None,  # a chain node is never behind the proxy that the environment names
            )
        except (OSError, TimeoutError, InvalidHandshake, InvalidMessage, InvalidURI, ConnectionClosed) as fault:
            raise NodeUnreachable(f"no connection to kaspad at {self.url}: {fault or type(fault).__name__}") from fault
        keep_alive(self._socket.transport.get_extra_info("socket"))
        self._pump = asyncio.create_task(self._read(self._socket))
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        if self._socket is not None:
            await self._socket.close()
        if self._pump is not None:
            await self._pump

    async def call(
        self, method: str, params: Mapping[str, Any] | None = None, *, timeout_s: float | None = None
    ) -> dict[str, Any]:
        """The result of one method. Raises NodeError when kaspad refuses, NodeUnreachable without an answer in time."""
        if self._socket is None or self.closed is not None:
            raise NodeUnreachable(f"the connection to kaspad at {self.url} is closed")
        self._next_id += 1
        number = self._next_id
        answer: asyncio.Future[dict[str, Any]] = asyncio.get_running_loop().create_future()
        self._waiting[number] = answer
        deadline_s = self._timeout_s if timeout_s is None else timeout_s
        try:
            async with asyncio.timeout(deadline_s):
                await self._socket.send(json.dumps({"id": number, "method": method, "params": dict(params or {})}))
                return await answer
        except TimeoutError as fault:
            raise NodeUnreachable(f"kaspad at {self.url} did not answer {method} within {deadline_s:g} s") from fault
        except ConnectionClosed as fault:
            raise NodeUnreachable(f"kaspad at {self.url} closed the connection at {method}") from fault
        finally:
            self._waiting.pop(number, None)

    async def subscribe(self, scope: str, fields: Mapping[str, Any] | None = None) -> None:
        """Ask for notifications, e.g. `subscribe("UtxosChanged", {"addresses": [...]})`; field names are snake_case.

        kaspad accepts UtxosChanged even without a UTXO index and then never sends any: check `hasUtxoIndex` first.
        """
        await self.call("subscribe", {scope: dict(fields or {})})

    async def unsubscribe(self, scope: str, fields: Mapping[str, Any] | None = None) -> None:
        await self.call("unsubscribe", {scope: dict(fields or {})})

    async def notifications(self) -> AsyncIterator[Notification | Closed]:
        """Notifications in the order of arrival; the last item is the `Closed`. Each client has one reader."""
        while True:
            item = await self._notifications.get()
            yield item
            if isinstance(item, Closed):
                return

    async def _read(self, socket: ClientConnection) -> None:
        """Read frames until the socket closes. No code of callers runs here, so a slow caller cannot block it."""
        closed = Closed(1006, "")
        try:
            while True:
                data = await socket.recv()
                self._deliver(json.loads(data), len(data))
                if self._notifications.qsize() > MAX_WAITING:
                    closed = Closed(1006, f"the reader is stuck: {MAX_WAITING} notifications wait")
                    break
        except ConnectionClosed as fault:
            frame = fault.rcvd or fault.sent
            closed = Closed(frame.code, frame.reason) if frame else closed
        except (ValueError, AttributeError, RecursionError) as fault:
            closed = Closed(1006, f"not a wRPC JSON frame: {fault}")
        finally:
            self.closed = closed
            self._notifications.put_nowait(closed)
            for answer in self._waiting.values():
                if not answer.done():
                    answer.set_exception(NodeUnreachable(f"kaspad at {self.url} closed the connection ({closed.code})"))
        await socket.close()

    def _deliver(self, frame: dict[str, Any], size: int) -> None:
        number = frame.get("id")
        if number is None:
            for scope, body in wrpc.notifications(frame).items():
                self._notifications.put_nowait(Notification(scope, body, size))
            return
        answer = self._waiting.get(number) if isinstance(number, int) else None
        if answer is None or answer.done():
            return  # the caller has given up
        try:
            answer.set_result(wrpc.result(frame))
        except NodeError as fault:
            answer.set_exception(fault)
