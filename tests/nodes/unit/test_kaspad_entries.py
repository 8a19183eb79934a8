"""Answers of any size against servers that misbehave."""

from __future__ import annotations

import asyncio
import contextlib
import json
import time
import tracemalloc
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest
from nodeclients import kaspad
from nodeclients.errors import NodeError, NodeUnreachable
from nodeclients.kaspad import Closed, KaspadClient
from nodeclients.kaspad_entries import ask_entries
from websockets.asyncio.server import ServerConnection, serve

from tests.stage.ports import free_port

pytestmark = pytest.mark.anyio
Handler = Callable[[ServerConnection], Awaitable[None]]
ENTRIES = [{"number": number, "text": "x" * 300} for number in range(3000)]
FRAME = json.dumps({"id": 1, "method": "get", "params": {"entries": ENTRIES}})


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@contextlib.asynccontextmanager
async def listening(handler: Handler) -> AsyncIterator[str]:
    async with serve(handler, "127.0.0.1", 0, close_timeout=1) as server:
        yield f"ws://127.0.0.1:{server.sockets[0].getsockname()[1]}"


async def asked(handler: Handler, *, silence_s: float = 5.0, deadline_s: float = 10.0) -> list[Any]:
    found: list[Any] = []
    async with listening(handler) as url:
        await ask_entries(url, "get", {"of": []}, found.extend, silence_s=silence_s, deadline_s=deadline_s)
    return found


async def test_a_long_answer_arrives_whole() -> None:
    async def answer(socket: ServerConnection) -> None:
        assert json.loads(await socket.recv()) == {"id": 1, "method": "get", "params": {"of": []}}
        await socket.send(FRAME)

    assert await asked(answer) == ENTRIES


async def test_fragments_with_pings_between_them_are_one_answer() -> None:
    async def answer(socket: ServerConnection) -> None:
        await socket.recv()

        async def fragments() -> AsyncIterator[str]:
            for start in range(0, len(FRAME), 100_000):
                yield FRAME[start : start + 100_000]
                await socket.ping()

        await socket.send(fragments())

    assert await asked(answer) == ENTRIES


@pytest.mark.parametrize(
    ("frame", "fault", "words"),
    [
        ({"id": 1, "error": {"message": "no index [1]"}}, NodeError, r"no index \[1\]"),
        ({"id": 1, "error": None}, NodeError, "no message"),
        ({"id": 1, "params": {}}, ValueError, "without a list"),
        ({"id": 1, "params": {"entries": None}}, ValueError, "without a list"),
        ([], ValueError, "JSON object"),
    ],
)
async def test_an_answer_without_entries_is_a_fault(frame: object, fault: type[Exception], words: str) -> None:
    async def answer(socket: ServerConnection) -> None:
        await socket.recv()
        await socket.send(json.dumps(frame))

    with pytest.raises(fault, match=words):
        await asked(answer)


async def test_a_server_that_says_nothing_or_closes_is_unreachable() -> None:
    async def silent(socket: ServerConnection) -> None:
        await socket.wait_closed()

    async def trickling(socket: ServerConnection) -> None:
        async def fragments() -> AsyncIterator[str]:
            while True:
                yield "["
                await asyncio.sleep(0.01)

        await socket.send(fragments())

    async def closing(socket: ServerConnection) -> None:
        await socket.recv()
        await socket.close(1011)

    async def cutting(socket: ServerConnection) -> None:
        await socket.recv()
        socket.transport.write(b"\x81\x7e\xff\xff{")
        socket.transport.close()

    async def nonsense(socket: ServerConnection) -> None:
        socket.transport.write(b"\xff\xff\xff\xff")

    for handler, words in (
        (silent, "in time"),
        (trickling, "in time"),
        (closing, "code 1011"),
        (cutting, "in the middle of a frame"),
        (nonsense, "not a WebSocket frame"),
    ):
        with pytest.raises(NodeUnreachable, match=words):
            await asked(handler, silence_s=0.3, deadline_s=0.5)


@pytest.mark.parametrize("frame", [b"\x89\x7d" + b"x" * 125, b"\x01\x00"], ids=["pings", "empty fragments"])
async def test_a_flood_of_frames_without_content_neither_fills_memory_nor_stops_other_work(frame: bytes) -> None:
    async def flood(socket: ServerConnection) -> None:
        await socket.recv()
        socket.transport.pause_reading()
        while not socket.transport.is_closing():
            if not socket.transport.get_write_buffer_size():
                socket.transport.write(frame * 20_000)
            await asyncio.sleep(0.001)

    async def longest_wait() -> float:
        longest, before = 0.0, time.monotonic()
        while (now := time.monotonic()) < began + 1:
            longest, before = max(longest, now - before), now
            await asyncio.sleep(0)
        return longest

    began = time.monotonic()
    tracemalloc.start()
    waited = asyncio.create_task(longest_wait())
    with pytest.raises(NodeUnreachable, match="in time"):
        await asked(flood, silence_s=1, deadline_s=1.2)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 30 << 20
    assert await waited < 0.3


async def test_a_port_without_a_websocket_is_unreachable() -> None:
    async def http(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n")
        writer.close()

    async with await asyncio.start_server(http, "127.0.0.1", 0) as server:
        for port in (server.sockets[0].getsockname()[1], free_port()):
            with pytest.raises(NodeUnreachable, match="closed the connection at get"):
                await ask_entries(f"ws://127.0.0.1:{port}", "get", {}, print, silence_s=1, deadline_s=1)


async def test_what_the_taker_raises_ends_the_call() -> None:
    async def answer(socket: ServerConnection) -> None:
        await socket.recv()
        await socket.send(FRAME)

    def refuse(_: list[Any]) -> None:
        raise ValueError("enough")

    async with listening(answer) as url:
        with pytest.raises(ValueError, match="enough"):
            await ask_entries(url, "get", {}, refuse, silence_s=5, deadline_s=5)


@pytest.mark.promise("An answer of kaspad takes little memory, whatever its size", runs="ci")
async def test_an_answer_of_20_mb_takes_less_than_2() -> None:
    entry = json.dumps({"text": "x" * 300})
    long = f'{{"id": 1, "params": {{"entries": [{",".join([entry] * 65_000)}]}}}}'.encode()
    header = b"\x81\x7f" + len(long).to_bytes(8, "big")
    count = 0

    async def answer(socket: ServerConnection) -> None:
        await socket.recv()
        for start in range(0, len(long), 1 << 16):
            socket.transport.write((header if not start else b"") + long[start : start + (1 << 16)])
            while socket.transport.get_write_buffer_size():  # noqa: ASYNC110  # no event for an empty buffer
                await asyncio.sleep(0)

    def take(entries: list[Any]) -> None:
        nonlocal count
        count += len(entries)

    async with listening(answer) as url:
        tracemalloc.start()
        try:
            await ask_entries(url, "get", {}, take, silence_s=30, deadline_s=60)
            peak = tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
    assert count == 65_000
    assert peak < 2e6, peak


async def test_a_frame_that_is_too_large_closes_the_other_client(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kaspad, "MAX_MESSAGE_BYTES", 1000)

    async def large(socket: ServerConnection) -> None:
        await socket.send(FRAME)
        await socket.wait_closed()

    async with listening(large) as url, KaspadClient(url) as client:
        ends = [item async for item in client.notifications()]
        assert isinstance(ends[0], Closed)
        assert ends[0].code == 1009
