"""The wRPC client against servers that misbehave."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest
from nodeclients.errors import NodeError, NodeUnreachable
from nodeclients.kaspad import Closed, KaspadClient, Notification
from websockets.asyncio.server import ServerConnection, serve

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@contextlib.asynccontextmanager
async def talking_to(handler: Callable[[ServerConnection], Awaitable[None]]) -> AsyncIterator[KaspadClient]:
    async with serve(handler, "127.0.0.1", 0, close_timeout=1) as server:
        port = server.sockets[0].getsockname()[1]
        async with KaspadClient(f"ws://127.0.0.1:{port}", timeout_s=0.5) as client:
            yield client


async def test_answers_find_their_questions_in_any_order() -> None:
    async def backwards(socket: ServerConnection) -> None:
        asked = [json.loads(await socket.recv()) for _ in range(3)]
        for request in reversed(asked):
            await socket.send(json.dumps({"id": request["id"], "params": {"of": request["method"]}}))
        await socket.wait_closed()

    async with talking_to(backwards) as client:
        told = await asyncio.gather(*(client.call(name) for name in ("a", "b", "c")))
    assert told == [{"of": "a"}, {"of": "b"}, {"of": "c"}]


async def test_an_answer_too_late_harms_nobody() -> None:
    async def late(socket: ServerConnection) -> None:
        first = json.loads(await socket.recv())
        second = json.loads(await socket.recv())
        for request in (first, second):
            await socket.send(json.dumps({"id": request["id"], "params": {"id": request["id"]}}))
        await socket.wait_closed()

    async with talking_to(late) as client:
        with pytest.raises(NodeUnreachable, match=r"did not answer slow within 0\.1 s"):
            await client.call("slow", timeout_s=0.1)
        assert await client.call("next") == {"id": 2}


async def test_an_error_keeps_the_nodes_words_also_when_it_is_odd() -> None:
    async def errors(socket: ServerConnection) -> None:
        for error in ({"code": 0, "message": "no"}, None):
            request = json.loads(await socket.recv())
            await socket.send(json.dumps({"id": request["id"], "error": error}))
        await socket.wait_closed()

    async with talking_to(errors) as client:
        with pytest.raises(NodeError, match=r"^no$"):
            await client.call("x")
        with pytest.raises(NodeError, match="no message"):
            await client.call("x")


@pytest.mark.parametrize("odd", ['{"id": []}', '{"id": {}}', '{"id": "1"}'])
async def test_an_answer_with_an_odd_number_harms_nobody(odd: str) -> None:
    async def answers(socket: ServerConnection) -> None:
        request = json.loads(await socket.recv())
        await socket.send(odd)
        await socket.send(json.dumps({"id": request["id"], "params": {"of": "x"}}))
        await socket.wait_closed()

    async with talking_to(answers) as client:
        assert await client.call("x") == {"of": "x"}


@pytest.mark.parametrize("garbage", ["{nope", "[1]", '"text"', '{"params": 5}', '{"params": {"UtxosChanged": 5}}'])
async def test_garbage_ends_the_connection_with_a_reason(garbage: str) -> None:
    async def babble(socket: ServerConnection) -> None:
        await socket.send(garbage)
        await socket.wait_closed()

    async with talking_to(babble) as client:
        (last,) = [item async for item in client.notifications()]
        assert isinstance(last, Closed)
        assert "not a wRPC JSON frame" in last.reason
        with pytest.raises(NodeUnreachable, match="is closed"):
            await client.call("x")


async def test_a_close_ends_every_call_and_comes_last_in_the_notifications() -> None:
    async def leave(socket: ServerConnection) -> None:
        await socket.recv()
        await socket.send(json.dumps({"method": "blockAddedNotification", "params": {"BlockAdded": {"n": 1}}}))
        await socket.close(1001, "going away")

    async with talking_to(leave) as client:
        with pytest.raises(NodeUnreachable, match="closed the connection"):
            await client.call("x")
        items = [item async for item in client.notifications()]
    assert items == [Notification("BlockAdded", {"n": 1}), Closed(1001, "going away")]


async def test_a_web_server_is_no_kaspad() -> None:
    async def page(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi")
        writer.close()

    server = await asyncio.start_server(page, "127.0.0.1", 0)
    async with server:
        with pytest.raises(NodeUnreachable, match="no connection to kaspad"):
            async with KaspadClient(f"ws://127.0.0.1:{server.sockets[0].getsockname()[1]}"):
                pass
    with pytest.raises(NodeUnreachable, match="no connection to kaspad"):
        async with KaspadClient("http://127.0.0.1:1"):
            pass
