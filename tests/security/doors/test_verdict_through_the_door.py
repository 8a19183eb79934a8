"""A service behind a proxy is judged through the proxy, too."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest

from manage.health import door, drivers, verdict
from manage.health.drivers import Endpoint, Target
from manage.health.model import EngineState, Fact
from manage.health.verdict import Record
from tests.manage.health.conftest import now, running, target
from tests.stage.ports import free_port

__all__ = ["now", "running", "target"]
READY = {"ready": True, "reason": "ready", "waits_for": []}


def asked(target: Callable[..., Target], answer: bytes) -> str:
    """What watch finds at a proxy that answers with this."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        assert (await reader.readline()).startswith(b"GET /door/tracker ")
        writer.write(answer)
        writer.close()

    async def run() -> str:
        async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
            port = server.sockets[0].getsockname()[1]
            return await door.fault(target("tracker", door=Endpoint("127.0.0.1", port, "http")))

    return asyncio.run(run())


@pytest.mark.parametrize(
    ("answer", "fault"),
    [
        (b"HTTP/1.1 200 OK\r\n\r\n", ""),
        (b"HTTP/1.1 404 Not Found\r\n\r\n", ""),
        (b"HTTP/1.1 500 Internal Server Error\r\n\r\n", "127.0.0.1 answers HTTP 500 for it"),
        (b"HTTP/1.1 429 Too Many Requests\r\n\r\n", "127.0.0.1 answers HTTP 429 for it"),
        (b"", "127.0.0.1 ends the connection"),
    ],
)
def test_what_the_proxy_answers_for_a_service(target: Callable[..., Target], answer: bytes, fault: str) -> None:
    assert asked(target, answer) == fault


def test_a_proxy_that_is_away_is_not_the_fault_of_the_service(target: Callable[..., Target]) -> None:
    away = Endpoint("127.0.0.1", free_port(), "http")
    assert asyncio.run(door.fault(target("tracker", door=away))) == ""


@pytest.mark.promise("A service whose proxy is exhausted is degraded, although it answers watch itself", runs="ci")
@pytest.mark.parametrize(("closed_s", "expected"), [(1.0, "healthy"), (8.0, "degraded")])
def test_a_closed_door_counts_once_it_stays_closed(
    target: Callable[..., Target], running: EngineState, now: float, closed_s: float, expected: str
) -> None:
    facts = tuple(Fact(name, value, now) for name, value in READY.items())
    record = Record(facts, answered_at=now, door_fault="proxy answers HTTP 500 for it", door_since=now - closed_s)
    tracker = target("tracker", door=Endpoint("proxy", 8080, "http"))
    judged = verdict.judge(tracker, drivers.load("tracker"), record, running, now)
    assert judged.verdict == expected
    assert ("but proxy answers HTTP 500 for it" in judged.reason) == (expected == "degraded")
