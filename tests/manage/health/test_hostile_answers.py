"""Services that answer with what should break watch or the terminal of whoever reads its reasons."""

from __future__ import annotations

import asyncio

import pytest

from manage.health.drivers import Endpoint, ProbeFault
from manage.health.fetch import get
from manage.health.rules import plain


@pytest.mark.parametrize("status", [b"9" * 6000, b"-1", b"20", b"\xb2\xb0\xb0"])
def test_a_status_code_of_any_length_is_a_fault_of_the_service(status: bytes) -> None:
    async def answered() -> None:
        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.readuntil(b"\r\n\r\n")
            writer.write(b"HTTP/1.0 " + status + b" OK\r\n\r\n")
            writer.close()

        server = await asyncio.start_server(serve, "127.0.0.1", 0)
        async with server:
            await get(Endpoint("127.0.0.1", server.sockets[0].getsockname()[1], "http"), "/")

    with pytest.raises(ProbeFault, match="is not HTTP"):
        asyncio.run(answered())


@pytest.mark.parametrize("text", ["\x1b[2J", "\u202egnp", "\ud800"])
def test_measured_texts_and_quoted_faults_are_printable(text: str) -> None:
    assert str(plain(text)).isprintable()
    assert str(ProbeFault(f"it says {text}")).isprintable()


def test_a_number_that_no_database_holds_becomes_a_text() -> None:
    assert plain(10**4000) == "a number of more than 16 digits"
    assert plain(-(1 << 53)) == -(1 << 53)
