"""One small HTTP GET for probes: what a service answers on its health route, and how fast."""

from __future__ import annotations

import asyncio
import json
import socket
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from nodeclients.errors import NodeFault

from manage.health.drivers import Endpoint, ProbeFault

MAX_ANSWER_BYTES = 1 << 20


@dataclass(frozen=True)
class Answer:
    status: int
    body: bytes
    took_ms: float

    def document(self) -> dict[str, Any]:
        """The body as a JSON object. Raises ProbeFault when it is none."""
        try:
            document = json.loads(self.body)
        except ValueError:
            document = None
        if not isinstance(document, dict):
            raise ProbeFault(f"HTTP {self.status} without a JSON object")
        return document


async def get(endpoint: Endpoint, path: str) -> Answer:
    """GET `path`; the caller sets the deadline. HTTP/1.0: the answer ends with the connection and is never chunked.

    Raises ProbeFault when nobody answers or what answers is no HTTP.
    """
    began = time.monotonic()
    async with connection(endpoint) as (reader, writer):
        writer.write(f"GET {path} HTTP/1.0\r\nHost: {endpoint}\r\nAccept: application/json\r\n\r\n".encode())
        raw = await reader.read(MAX_ANSWER_BYTES)
        while len(raw) < MAX_ANSWER_BYTES and (more := await reader.read(MAX_ANSWER_BYTES - len(raw))):
            raw += more
    head, _, body = raw.partition(b"\r\n\r\n")
    words = head.split(None, 2)
    if len(words) < 2 or not words[0].startswith(b"HTTP/") or not words[1].isdigit():
        raise ProbeFault(f"what answers at {endpoint} is no HTTP")
    return Answer(int(words[1]), body, (time.monotonic() - began) * 1000)


@asynccontextmanager
async def connection(endpoint: Endpoint) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    """A TCP connection whose failures, at the start and later, are ProbeFaults."""
    try:
        reader, writer = await asyncio.open_connection(endpoint.host, endpoint.port)
    except OSError as fault:
        raise ProbeFault(unreachable(endpoint, fault)) from fault
    try:
        yield reader, writer
    except OSError as fault:
        raise ProbeFault(f"the connection to {endpoint} broke") from fault
    finally:
        writer.close()


def node_fault(endpoint: Endpoint, fault: NodeFault) -> ProbeFault:
    """What a node client raised, in the words that all drivers use."""
    cause = fault.__cause__
    if isinstance(cause, OSError) and not isinstance(cause, TimeoutError):
        return ProbeFault(unreachable(endpoint, cause))
    return ProbeFault(str(fault))


def unreachable(endpoint: Endpoint, fault: OSError) -> str:
    """An OSError of connecting in words: nobody listens, the name is not known, or what the system says."""
    if isinstance(fault, ConnectionRefusedError):
        return f"nobody listens at {endpoint}"
    if isinstance(fault, socket.gaierror):
        return f"the name {endpoint.host} is not known: its container does not run, or is on another network"
    return f"no connection to {endpoint}: {fault.strerror or fault}"
