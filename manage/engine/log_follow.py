"""A container's log while it is written. In a silence the engine is asked whether it is still there."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator

from nodeclients.links import LOG_FOLLOW

from manage import untrusted
from manage.engine import log_lines
from manage.engine.client import api_version
from manage.engine.endpoint import address, dial
from manage.engine.reader import log_request, require_ok, status_of
from manage.errors import NodeyardError

MAX_HEAD = 1 << 16


def follow(container: str, tail: int) -> Iterator[bytes]:
    """Parts of the last `tail` lines and of all later ones, until the container ends.

    Raises NodeyardError if the engine refuses, or answers no longer: a log may be silent, the engine may not.
    """
    path = address()
    with dial(path, LOG_FOLLOW.deadline_s) as connection:
        try:
            connection.sendall(log_request(container, tail=tail, follow=1))
            answer = untrusted.receive(connection, MAX_HEAD, LOG_FOLLOW.deadline_s, until=b"\r\n\r\n", cut=True)
            status, body = status_of(answer)
            yield from log_lines.demultiplexed(_parts(connection, path, require_ok(status, body)))
        except OSError as error:
            raise NodeyardError("Docker's engine stopped answering.", "See: docker info") from error


def _parts(connection: socket.socket, path: str, first: bytes) -> Iterator[bytes]:
    yield first
    while True:
        try:
            part = untrusted.received(connection, time.monotonic() + LOG_FOLLOW.every_s)
        except TimeoutError:
            api_version(path, LOG_FOLLOW.deadline_s)
            continue
        if not part:
            return
        yield part
