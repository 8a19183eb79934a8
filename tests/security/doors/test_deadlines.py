"""The limits of every HTTP port of ours: a deadline for a request, and room for clients that finish theirs."""

from __future__ import annotations

import asyncio
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import pytest
import uvicorn
from serving import door
from serving.door import LATE, Limits

from tests.stage.ports import free_port
from tests.stage.waiting import until

BODY = b"x" * 100_000
ASK = b"GET / HTTP/1.1\r\nHost: here\r\n\r\n"
BUSY = ASK.replace(b"/", b"/busy", 1)
"""While the server answers this, connections and bytes gather, and then arrive at once."""


async def app(scope: Any, receive: Any, send: Any) -> None:
    """Answers with 100 kB, so that a client that does not read fills its connection."""
    if scope["path"] == "/busy":
        time.sleep(0.1)  # noqa: ASYNC251 - stops all other work
    length = str(len(BODY)).encode()
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", length)]})
    await send({"type": "http.response.body", "body": BODY})


@contextmanager
def served(limits: Limits, protocol: type[door.DoorProtocol] | None = None) -> Iterator[int]:
    port = free_port()
    http = protocol or door.protocol(limits)
    config = uvicorn.Config(app, port=port, http=http, lifespan="off", log_config=None, timeout_keep_alive=600)
    server = uvicorn.Server(config)
    thread = threading.Thread(target=lambda: asyncio.run(server.serve()), daemon=True)
    thread.start()
    try:
        until(lambda: server.started, 10)
        yield port
    finally:
        server.force_exit = server.should_exit = True
        thread.join(10)


def client(port: int, data: bytes = b"") -> socket.socket:
    connection = socket.create_connection(("127.0.0.1", port), timeout=10)
    connection.sendall(data)
    return connection


def ended(connection: socket.socket) -> bool:
    """Whether the server has closed or reset it; waits for that."""
    try:
        return connection.recv(10) == b""
    except ConnectionResetError:
        return True


def answer(port: int) -> bytes:
    with client(port, b"GET / HTTP/1.1\r\nHost: here\r\nConnection: close\r\n\r\n") as connection:
        return connection.recv(100)


@pytest.mark.promise("A request that does not arrive in time is answered with 408, and its connection ends", runs="ci")
@pytest.mark.parametrize(
    "part", [b"GET / HTTP/1.1\r\nX: ", b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 9\r\n\r\nx"]
)
def test_an_unfinished_request_ends_with_a_sentence(part: bytes) -> None:
    with served(Limits(request_s=0.3)) as port, client(port, part) as connection:
        received = b""
        while more := connection.recv(200_000):
            received += more
    # An answer that needs no body may come first; then the connection ends without a second one.
    assert b" 408 " in received or received.startswith(b"HTTP/1.1 200")
    assert LATE.encode() in received or BODY in received


def test_a_connection_that_sends_nothing_ends() -> None:
    with served(Limits(request_s=0.3)) as port, client(port) as connection:
        assert connection.recv(100) == b""


def test_a_client_that_trickles_is_late_too() -> None:
    with served(Limits(request_s=0.5)) as port, client(port, b"GET / HTTP/1.1\r\nX: ") as connection:
        connection.settimeout(0.05)
        received = b""
        for _ in range(100):
            try:
                connection.sendall(b"a")
                received += connection.recv(1000)
            except TimeoutError:
                continue
            except OSError:
                break
            if received:
                break
        assert b" 408 " in received


def test_a_client_that_does_not_read_is_dropped() -> None:
    with served(Limits(request_s=0.3)) as port, socket.socket() as slow:
        slow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        slow.settimeout(10)
        slow.connect(("127.0.0.1", port))
        slow.sendall(ASK * 200)

        def is_dropped() -> bool:
            try:
                slow.sendall(ASK)
            except OSError:
                return True
            return False

        assert until(is_dropped, 10)


@pytest.mark.promise("A request with two lengths is refused, and what follows on its connection is not read", runs="ci")
@pytest.mark.parametrize(
    "lengths", [b"Content-Length: 4\r\nTransfer-Encoding: chunked", b"transfer-encoding: CHUNKED\r\ncontent-length: 0"]
)
def test_no_request_is_hidden_behind_another(lengths: bytes) -> None:
    request = b"POST / HTTP/1.1\r\nHost: h\r\n" + lengths + b"\r\n\r\n0\r\n\r\n"
    with served(Limits()) as port, client(port, request + ASK) as connection:
        received = b""
        while more := connection.recv(1 << 16):
            received += more
    assert received.startswith(b"HTTP/1.1 400 ")
    assert b" 200 " not in received


def asked_twice_and_read_slowly(port: int) -> socket.socket:
    """The first answer fills the connection, so the second one waits for its client."""
    slow = socket.socket()
    slow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    slow.settimeout(10)
    slow.connect(("127.0.0.1", port))
    slow.sendall(ASK * 200)
    slow.recv(1)
    return slow


@pytest.mark.promise("Clients that do not read their answers take the room of an HTTP port from nobody", runs="ci")
def test_with_all_connections_in_use_clients_that_read_no_answer_go() -> None:
    with served(Limits(request_s=60, connections=20)) as port, ExitStack() as held:
        for _ in range(40):
            held.enter_context(asked_twice_and_read_slowly(port))
        assert b" 200 " in answer(port)


def test_a_client_that_asks_far_ahead_is_dropped() -> None:
    """What it sends stays in memory until the answer before has left."""
    with served(Limits(request_s=60)) as port, client(port, BUSY), client(port, ASK * 1000) as ahead:
        assert ended(ahead)


def test_connections_that_come_at_once_do_not_exceed_the_limit() -> None:
    made = door.protocol(Limits(request_s=60, connections=20))
    most = 0

    class Counted(made):  # type: ignore[misc, valid-type]
        def connection_made(self, transport: Any) -> None:
            nonlocal most
            super().connection_made(transport)
            most = max(most, sum(not each.transport.is_closing() for each in self.connections))

    with served(Limits(), Counted) as port, ExitStack() as held:
        held.enter_context(client(port, BUSY))
        for _ in range(200):
            held.enter_context(client(port))
        assert b" 200 " in answer(port)
    assert most == 20


def test_with_all_connections_in_use_a_new_client_is_served_and_the_oldest_that_waits_goes() -> None:
    with served(Limits(request_s=60, connections=20)) as port, ExitStack() as held:
        waiting = [held.enter_context(client(port, b"GET /")) for _ in range(40)]
        assert b" 200 " in answer(port)
        assert ended(waiting[0])
        waiting[-1].sendall(b" HTTP/1.1\r\nHost: here\r\n\r\n")
        assert b" 200 " in waiting[-1].recv(100)
