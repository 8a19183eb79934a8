"""One question to kaspad whose answer may be larger than memory, on a connection of its own.

`KaspadClient` holds whole frames, several times over while it parses them, so its frames are bounded. This reader
hands over the entries of an answer while they arrive. kaspad neither fragments nor compresses its frames.
"""

from __future__ import annotations

import asyncio
import json
import ssl
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import aclosing
from typing import Any

from websockets.client import ClientProtocol
from websockets.exceptions import InvalidHandshake, InvalidURI
from websockets.frames import Opcode
from websockets.protocol import State
from websockets.uri import parse_uri

from nodeclients import wrpc
from nodeclients.errors import NodeUnreachable
from nodeclients.json_entries import EntriesParser

PIECE = 64 * 1024
"""Bytes that are read and parsed at once: short enough that other work of the event loop does not wait."""


async def ask_entries(
    url: str,
    method: str,
    params: Mapping[str, Any],
    take: Callable[[list[Any]], None],
    *,
    silence_s: float,
    deadline_s: float,
) -> None:
    """Call `take` with the entries of the answer, part by part; what it raises ends the call.

    Raises NodeError when kaspad refuses, ValueError for an answer that is not a list of entries, and NodeUnreachable
    without a connection, when kaspad sends nothing for `silence_s`, or without the whole answer after `deadline_s`.
    """
    answer = EntriesParser()
    try:
        async with asyncio.timeout(deadline_s), aclosing(_pieces(url, method, params, silence_s)) as pieces:
            async for piece in pieces:
                if found := answer.feed(piece):
                    take(found)
    except TimeoutError as error:
        raise NodeUnreachable(f"kaspad at {url} did not answer {method} in time") from error
    except (OSError, EOFError, asyncio.LimitOverrunError, InvalidHandshake, InvalidURI) as error:
        raise NodeUnreachable(f"kaspad at {url} closed the connection at {method}: {error}") from error
    entries = wrpc.result(answer.end()).get("entries")
    if not isinstance(entries, list):
        raise ValueError("kaspad answered without a list of entries")
    take(entries)


async def _pieces(url: str, method: str, params: Mapping[str, Any], silence_s: float) -> AsyncGenerator[bytes]:
    """The payload of the answer. Raises OSError, EOFError or InvalidHandshake without one."""
    uri = parse_uri(url)
    protocol = ClientProtocol(uri)
    async with asyncio.timeout(silence_s):
        context = ssl.create_default_context() if uri.secure else None
        reader, writer = await asyncio.open_connection(uri.host, uri.port, ssl=context, limit=PIECE)
    try:
        protocol.send_request(protocol.connect())
        writer.writelines(protocol.data_to_send())
        async with asyncio.timeout(silence_s):
            protocol.receive_data(await reader.readuntil(b"\r\n\r\n"))
        if protocol.state is not State.OPEN:
            raise protocol.handshake_exc or InvalidHandshake("not a WebSocket")
        protocol.send_text(json.dumps({"id": 1, "method": method, "params": dict(params)}).encode())
        writer.writelines(protocol.data_to_send())
        final = False
        while not final:
            async with asyncio.timeout(silence_s):
                final, opcode, length = await _header(reader)
            if opcode >= Opcode.CLOSE:
                final = False
                payload = await reader.readexactly(length)
                if opcode is Opcode.CLOSE:
                    raise EOFError(f"code {int.from_bytes(payload[:2], 'big') or 1005}")
                if opcode is Opcode.PING:
                    protocol.send_pong(payload)
                    writer.writelines(protocol.data_to_send())
                    async with asyncio.timeout(silence_s):
                        await writer.drain()  # a peer that reads no answer to its pings fills no memory
                await asyncio.sleep(0)  # frames that have arrived already are read without waiting
                continue
            if not length:
                await asyncio.sleep(0)
            while length:
                async with asyncio.timeout(silence_s):
                    piece = await reader.read(min(length, PIECE))
                if not piece:
                    raise EOFError("in the middle of a frame")
                length -= len(piece)
                yield piece
    finally:
        writer.transport.abort()


async def _header(reader: asyncio.StreamReader) -> tuple[bool, Opcode, int]:
    """(last frame of its message, opcode, length of the payload in bytes): RFC 6455, section 5.2."""
    first, second = await reader.readexactly(2)
    length = second & 0x7F
    if first & 0x70 or second & 0x80 or (first & 0x08 and length > 125):
        raise EOFError("not a WebSocket frame of a server")
    if length > 125:
        length = int.from_bytes(await reader.readexactly(2 if length == 126 else 8), "big")
    try:
        return bool(first & 0x80), Opcode(first & 0x0F), length
    except ValueError as error:
        raise EOFError("not a WebSocket frame") from error
