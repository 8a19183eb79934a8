"""The JSON-RPC client against servers that misbehave."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import json
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
from nodeclients.bitcoind import BitcoindClient, CookieFile, sats
from nodeclients.errors import NodeError, NodeFault, NodeRefused, NodeUnreachable, NodeWarmingUp

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


Answer = Callable[[str, str], bytes]
"""From the credentials and the body of a request to the bytes that come back."""


@contextlib.asynccontextmanager
async def serving(answer: Answer, cookie: Path) -> AsyncIterator[BitcoindClient]:
    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        fields = dict(line.split(": ", 1) for line in head.split("\r\n")[1:] if line)
        body = (await reader.readexactly(int(fields["Content-Length"]))).decode()
        who = base64.b64decode(fields.get("Authorization", "").removeprefix("Basic ")).decode()
        writer.write(answer(who, body))
        with contextlib.suppress(ConnectionError):
            await writer.drain()
        writer.close()

    server = await asyncio.start_server(handle, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with server:
        yield BitcoindClient("127.0.0.1", port, CookieFile(cookie), timeout_s=1)


def http(status: int, body: str) -> bytes:
    return f"HTTP/1.1 {status} X\r\nContent-Length: {len(body)}\r\n\r\n{body}".encode()


def error(code: int, message: str) -> bytes:
    return http(500, json.dumps({"result": None, "error": {"code": code, "message": message}, "id": 1}))


@pytest.fixture
def cookie(tmp_path: Path) -> Path:
    file = tmp_path / ".cookie"
    file.write_text("__cookie__:first\n")
    return file


def _renewed(cookie: Path, text: str) -> str:
    cookie.write_text(text)
    return text


async def test_a_cookie_of_the_last_start_is_read_again_once(cookie: Path) -> None:
    good = "__cookie__:first"
    tries: list[str] = []

    def answer(who: str, _body: str) -> bytes:
        tries.append(who)
        return http(200, '{"result": 7, "error": null, "id": 1}') if who == good else http(401, "")

    async with serving(answer, cookie) as client:
        assert await client.call("uptime") == 7
        good = _renewed(cookie, "__cookie__:second")
        assert await client.call("uptime") == 7
        assert tries == ["__cookie__:first", "__cookie__:first", "__cookie__:second"]
        good = "__cookie__:third"
        with pytest.raises(NodeRefused):
            await client.call("uptime")
        _renewed(cookie, good)
        assert await client.call("uptime") == 7


async def test_warming_up_is_no_failure_of_its_own_kind(cookie: Path) -> None:
    async with serving(lambda _who, _body: error(-28, "Loading block index..."), cookie) as client:
        with pytest.raises(NodeWarmingUp, match="Loading block index") as fault:
            await client.call("uptime")
    assert fault.value.code == -28


@pytest.mark.parametrize(
    ("answer", "kind", "words"),
    [
        (error(-5, "Block not found"), NodeError, "Block not found"),
        (http(403, ""), NodeRefused, "takes no requests from this address: no network of its rpcallowip has it"),
        (http(503, "Work queue depth exceeded"), NodeUnreachable, "HTTP 503 without JSON: Work queue depth exceeded"),
        (http(200, "5"), NodeError, "the answer is not JSON-RPC"),
        (b"SSH-2.0-OpenSSH\r\n\r\n", NodeUnreachable, "not an answer from bitcoind"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{", NodeUnreachable, "no answer from bitcoind"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n{", NodeUnreachable, "is too long"),
        (b"", NodeUnreachable, "no answer from bitcoind"),
    ],
)
async def test_every_other_answer_is_told_apart(cookie: Path, answer: bytes, kind: type[NodeFault], words: str) -> None:
    async with serving(lambda _who, _body: answer, cookie) as client:
        with pytest.raises(NodeFault, match=words) as fault:
            await client.call("uptime")
    assert type(fault.value) is kind


async def test_a_method_outside_of_the_whitelist_is_not_taken_for_a_wrong_network(cookie: Path) -> None:
    async with serving(lambda who, _body: http(403 if who else 401, ""), cookie) as client:
        with pytest.raises(NodeRefused, match="does not let this user call uptime"):
            await client.call("uptime")


async def test_a_batch_that_is_refused_as_a_whole_raises(cookie: Path) -> None:
    async with serving(lambda _who, _body: error(-32700, "Parse error"), cookie) as client:
        with pytest.raises(NodeError, match="Parse error"):
            await client.batch([("uptime", [])])
        assert await client.batch([]) == []


async def test_an_answer_that_is_missing_in_a_batch_is_a_fault(cookie: Path) -> None:
    def answer(_who: str, body: str) -> bytes:
        first = json.loads(body)[0]
        return http(200, json.dumps([{"result": 1, "error": None, "id": first["id"]}]))

    async with serving(answer, cookie) as client:
        one, missing = await client.batch([("uptime", []), ("uptime", [])])
    assert one == 1
    assert isinstance(missing, NodeError)


@pytest.mark.parametrize(("btc", "amount"), [(0.1, 10_000_000), (20999999.9769, 2099999997690000), (1e-8, 1)])
def test_amounts_become_exact_satoshis(btc: float, amount: int) -> None:
    assert sats(btc) == amount
