"""Limits of an HTTP port: a deadline for every request, and always room for clients that finish theirs.

Half-open requests cost a connection and neither a thread nor a task. When the room is used up, the client address with
the most connections that wait loses its oldest one, so no client can take the room from another.
"""

from __future__ import annotations

import asyncio
import math
import random
from collections import OrderedDict
from dataclasses import dataclass
from typing import Any

from uvicorn.protocols.http.h11_impl import H11Protocol

LATE = "The request did not arrive in time. Send it again."
FULL = "All connections are in use. Try again in a few seconds."
TWO_LENGTHS = b"The request has both Content-Length and Transfer-Encoding. Send one of them."
MOST_UNSENT = 16 << 10
"""Bytes of answers that a connection holds before the next answer waits for its client."""
MOST_AHEAD = 16 << 10
"""Bytes that a client may send ahead of an answer: requests behind the one that is being answered."""


@dataclass(frozen=True)
class Limits:
    """Of one port."""

    request_s: float = 15.0
    """From connecting, or from the last answer, to the next full request; also how long an answer may stand still."""
    connections: int = 4096
    """Open at one time; needs as many file descriptors."""


class OneLength:
    """ASGI middleware: refuses a request with two lengths (RFC 9112, 6.1).

    A proxy in front may believe the other one, and take the rest for a request of somebody else.
    """

    def __init__(self, app: Any) -> None:
        self._app = app

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        names = {name for name, _ in scope.get("headers", ())}
        if not {b"content-length", b"transfer-encoding"} <= names:
            await self._app(scope, receive, send)
            return
        headers = [(b"content-type", b"text/plain; charset=utf-8"), (b"connection", b"close")]
        headers.append((b"content-length", str(len(TWO_LENGTHS)).encode()))
        await send({"type": "http.response.start", "status": 400, "headers": headers})
        await send({"type": "http.response.body", "body": TWO_LENGTHS})


class Waiting:
    """The connections that wait for their client, for each address, oldest first.

    Its next request is not complete, or it does not read its answer.
    """

    def __init__(self) -> None:
        self._by_address: dict[str, OrderedDict[DoorProtocol, None]] = {}

    def add(self, address: str, connection: DoorProtocol) -> None:
        self._by_address.setdefault(address, OrderedDict())[connection] = None

    def discard(self, address: str, connection: DoorProtocol) -> None:
        of_address = self._by_address.get(address, OrderedDict())
        of_address.pop(connection, None)
        if not of_address:
            self._by_address.pop(address, None)

    def oldest(self) -> DoorProtocol | None:
        """The oldest of the address that has the most; None if no connection waits."""
        most = max(self._by_address.values(), key=len, default=None)
        return next(iter(most)) if most else None


class DoorProtocol(H11Protocol):
    """uvicorn's HTTP/1.1 with the limits of a port. `protocol` makes the class for one server."""

    limits: Limits
    waiting: Waiting

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.app = OneLength(self.app)

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._address = self.client[0] if self.client else ""
        self._unsent = math.inf
        self._timer: asyncio.TimerHandle | None = None
        self._has_begun = False
        transport.set_write_buffer_limits(MOST_UNSENT)
        if len(self.connections) > self.limits.connections:
            oldest = self.waiting.oldest()
            if oldest is None:
                self._answer("503 Service Unavailable", FULL)
                return
            oldest._drop()
        self._wait()

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_waiting()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        self._has_begun = True
        super().data_received(data)
        if not self._is_asked():
            return
        if not self.flow.write_paused:
            self.waiting.discard(self._address, self)
        if len(self.conn.trailing_data[0]) > MOST_AHEAD:
            self._drop()

    def pause_writing(self) -> None:
        """A connection whose client does not read waits as well, also if it has asked for more."""
        super().pause_writing()
        self.waiting.add(self._address, self)

    def resume_writing(self) -> None:
        super().resume_writing()
        if self._is_asked():
            self.waiting.discard(self._address, self)

    def on_response_complete(self) -> None:
        super().on_response_complete()
        self._has_begun = False
        self._unsent = math.inf
        self._wait()

    def handle_websocket_upgrade(self, event: Any) -> None:
        """From here on the connection belongs to another protocol, which has limits of its own."""
        self._stop_waiting()
        self.transport.set_write_buffer_limits()
        super().handle_websocket_upgrade(event)

    def _drop(self) -> None:
        """At once: `connection_lost` comes later, and several connections may arrive before."""
        self._stop_waiting()
        self.transport.abort()

    def _is_asked(self) -> bool:
        """Whether a complete request is being answered."""
        return self.cycle is not None and not self.cycle.response_complete and not self.cycle.more_body

    def _wait(self) -> None:
        if not self._is_asked():  # the next request may have come along with the last one
            self.waiting.add(self._address, self)
        self._set_timer()

    def _set_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        # Not all at the same moment: a thousand that end and come back together would delay a page.
        due_s = self.limits.request_s * random.uniform(0.7, 1)
        self._timer = self.loop.call_later(due_s, self._late)

    def _stop_waiting(self) -> None:
        self.waiting.discard(self._address, self)
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _late(self) -> None:
        """The time is over: for the request, or for a client that does not read its answer."""
        before, self._unsent = self._unsent, self.transport.get_write_buffer_size()
        if self._unsent > 0:
            if self._unsent >= before:
                self._drop()
            else:
                self._set_timer()
        elif self._is_asked():
            self._unsent = math.inf
            self._set_timer()
        elif self._has_begun:
            self._answer("408 Request Timeout", LATE)
        else:
            self.transport.close()

    def _answer(self, status: str, sentence: str) -> None:
        head = f"HTTP/1.1 {status}\r\nConnection: close\r\nContent-Type: text/plain; charset=utf-8\r\n"
        self.transport.write(f"{head}Retry-After: 5\r\nContent-Length: {len(sentence)}\r\n\r\n{sentence}".encode())
        self.transport.close()


def protocol(limits: Limits) -> type[DoorProtocol]:
    """The class for uvicorn's option `http`. Each class counts on its own, so call it once for each server."""
    return type("DoorProtocol", (DoorProtocol,), {"limits": limits, "waiting": Waiting()})
