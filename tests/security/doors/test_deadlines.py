"""The limits of every HTTP port of ours: a deadline for a request, and room for clients that finish theirs."""

from __future__ import annotations

import asyncio
import socket
import threading
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


async def app(scope: Any, receive: Any, send: Any) -> None:
    """Answers with 100 kB, so that a client that does not read fills its connection."""
    length = str(len(BODY)).encode()
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", length)]})
    await send({"type": "http.response.body", "body": BODY})


@contextmanager
def served(limits: Limits) -> Iterator[int]:
    port = free_port()
    config = uvicorn.Config(
        app, port=port, http=door.protocol(limits), lifespan="off", log_config=None, timeout_keep_alive=600
    )
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
    ask = b"GET / HTTP/1.1\r\nHost: here\r\n\r\n"
    with served(Limits(request_s=0.3)) as port, socket.socket() as slow:
        slow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        slow.settimeout(10)
        slow.connect(("127.0.0.1", port))
        slow.sendall(ask * 200)

        def is_dropped() -> bool:
            try:
                slow.sendall(ask)
            except OSError:
                return True
            return False

        assert until(is_dropped, 10)


def test_with_all_connections_in_use_a_new_client_is_served_and_the_oldest_that_waits_goes() -> None:
    with served(Limits(request_s=60, connections=20)) as port, ExitStack() as held:
        waiting = [held.enter_context(client(port, b"GET /")) for _ in range(40)]
        assert b" 200 " in answer(port)
        assert ended(waiting[0])
        waiting[-1].sendall(b" HTTP/1.1\r\nHost: here\r\n\r\n")
        assert b" 200 " in waiting[-1].recv(100)
