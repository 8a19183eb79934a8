"""TCP connections and one small HTTP GET for probes, with faults in the same words for all drivers."""

from __future__ import annotations

import asyncio
import re
import socket
import ssl
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import cache
from typing import Any

from nodeclients.errors import NodeFault

from manage import untrusted
from manage.health.drivers import Endpoint, ProbeFault
from manage.immutable import dataclass

MAX_ANSWER_BYTES = 1 << 20
STATUS = re.compile(rb"[1-9][0-9]{2}")


@dataclass(frozen=True)
class Answer:
    status: int
    body: bytes
    took_ms: float

    def document(self) -> dict[str, Any]:
        """The body as a JSON object. Raises ProbeFault when it is not one."""
        try:
            document = untrusted.parse_json(self.body, nan=True)
        except ValueError:
            document = None
        if not isinstance(document, dict):
            raise ProbeFault(f"HTTP {self.status} without a JSON object")
        return document


async def get(endpoint: Endpoint, path: str, accept: str = "application/json") -> Answer:
    """GET `path`; the caller sets the deadline. HTTP/1.0: the answer ends with the connection and is never chunked.

    Raises ProbeFault when there is no answer, the answer is not HTTP, or it is longer than `MAX_ANSWER_BYTES`.
    """
    began = time.monotonic()
    async with connection(endpoint) as (reader, writer):
        host = endpoint.authority or endpoint
        writer.write(f"GET {path} HTTP/1.0\r\nHost: {host}\r\nAccept: {accept}\r\n\r\n".encode())
        raw = bytearray()
        while more := await reader.read(MAX_ANSWER_BYTES):
            raw += more
            if len(raw) > MAX_ANSWER_BYTES:
                raise ProbeFault(f"the answer of {path} is longer than {MAX_ANSWER_BYTES} bytes")
    head, _, body = bytes(raw).partition(b"\r\n\r\n")
    words = head.split(None, 2)
    if len(words) < 2 or not words[0].startswith(b"HTTP/") or not STATUS.fullmatch(words[1]):
        raise ProbeFault(f"the answer from {endpoint} is not HTTP")
    return Answer(int(words[1]), body, (time.monotonic() - began) * 1000)


@asynccontextmanager
async def connection(
    endpoint: Endpoint, max_line_bytes: int = 1 << 16
) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    """A TCP connection whose failures, at the start and later, are ProbeFaults."""
    try:
        tls = _any_certificate() if endpoint.tls else None
        reader, writer = await asyncio.open_connection(endpoint.host, endpoint.port, limit=max_line_bytes, ssl=tls)
    except OSError as fault:
        raise ProbeFault(unreachable(endpoint, fault)) from fault
    try:
        yield reader, writer
    except OSError as fault:
        raise ProbeFault(f"the connection to {endpoint} broke") from fault
    finally:
        writer.close()


@cache
def _any_certificate() -> ssl.SSLContext:
    """A probe asks whether the service answers, and believes nothing that needs a certificate."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context


def node_fault(endpoint: Endpoint, fault: NodeFault) -> ProbeFault:
    """An error of a node client, in the words that all drivers use."""
    cause = fault.__cause__
    if isinstance(cause, OSError) and not isinstance(cause, TimeoutError):
        return ProbeFault(unreachable(endpoint, cause))
    return ProbeFault(str(fault))


def unreachable(endpoint: Endpoint, fault: OSError) -> str:
    """Why a connection failed: nothing listens, the name is unknown, or the system's own message."""
    if isinstance(fault, ConnectionRefusedError):
        return f"nothing listens at {endpoint}"
    if isinstance(fault, socket.gaierror):
        return f"the name {endpoint.host} is unknown: its container does not run or is on another network"
    return f"no connection to {endpoint}: {fault.strerror or fault}"
