"""Clients that hold connections open: the first part of a request, and no more."""

from __future__ import annotations

import resource
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

HEAD = b"GET /login HTTP/1.1\r\nHost: here\r\nX-Slow: "
FORM = b"POST /login HTTP/1.1\r\nHost: here\r\nContent-Length: 90\r\n\r\nname="


@contextmanager
def half_open(url: str, count: int, parts: tuple[bytes, ...] = (HEAD, FORM, b"")) -> Iterator[list[socket.socket]]:
    """`count` connections to the loopback port of `url` that have sent one of `parts` each; closed in the end."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    port = urlsplit(url).port
    assert port, url
    held: list[socket.socket] = []
    try:
        for number in range(count):
            client = socket.create_connection(("127.0.0.1", port), timeout=10)
            held.append(client)
            client.sendall(parts[number % len(parts)])
        yield held
    finally:
        for client in held:
            client.close()
