"""The bodies of requests that arrive at the dashboard, one by one and together, are bounded."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from flask import Flask
from serving.door import Limits

from manage.web import gateway
from manage.web.gateway import Gateway

SCOPE = {
    "type": "http",
    "http_version": "1.1",
    "method": "POST",
    "scheme": "http",
    "path": "/form",
    "query_string": b"",
    "headers": [],
    "client": ("127.0.0.1", 1),
    "server": ("127.0.0.1", 2),
}


@pytest.fixture
def app() -> Flask:
    made = Flask("form")
    made.config["MAX_CONTENT_LENGTH"] = 1000
    made.add_url_rule("/form", view_func=lambda: "read", methods=["POST"])
    return made


async def post(to: Gateway, *parts: bytes, leave: bool = False) -> list[int]:
    """The statuses of the answer, after these parts of a body that has more, unless `leave`, then ends."""
    messages: list[dict[str, Any]] = [{"type": "http.request", "body": part, "more_body": True} for part in parts]
    messages.append({"type": "http.disconnect"} if leave else {"type": "http.request", "body": b""})
    sent: list[int] = []

    async def receive() -> dict[str, Any]:
        await asyncio.sleep(0)
        return messages.pop(0)

    async def send(message: dict[str, Any]) -> None:
        sent.extend([message["status"]] if "status" in message else [])

    await to(SCOPE, receive, send)
    return sent


def test_a_body_that_is_too_long_is_refused(app: Flask) -> None:
    assert asyncio.run(post(Gateway(app), b"x" * 600, b"x" * 600)) == [413]


def test_a_request_whose_client_leaves_is_not_answered(app: Flask) -> None:
    to = Gateway(app)
    assert asyncio.run(post(to, b"half a form", leave=True)) == []
    assert asyncio.run(post(to, b"a form")) == [200]


@pytest.mark.promise("Bodies that arrive at the same time take a bounded part of the dashboard's memory", runs="ci")
def test_all_bodies_together_are_bounded(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gateway, "MOST_BODIES", 5000)
    to = Gateway(app)

    async def crowd() -> list[list[int]]:
        return await asyncio.gather(*(post(to, b"x" * 450, b"x" * 450) for _ in range(10)))

    answers = [status for [status] in asyncio.run(crowd())]
    assert {*answers} == {200, 503}
    assert asyncio.run(post(to, b"a form")) == [200], "what was refused is no longer counted"


def test_small_bodies_of_all_connections_leave_room() -> None:
    assert Limits().connections * gateway.SMALL_BODY <= gateway.MOST_BODIES // 2


def test_clients_that_do_not_finish_large_bodies_delay_no_form(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gateway, "MOST_BODIES", 5000)
    monkeypatch.setattr(gateway, "SMALL_BODY", 100)
    to = Gateway(app)

    async def unfinished() -> None:
        parts = [{"type": "http.request", "body": b"x" * 110, "more_body": True}]

        async def receive() -> dict[str, Any]:
            await asyncio.sleep(0 if parts else 60)
            return parts.pop(0)

        async def send(message: dict[str, Any]) -> None:
            pass

        await to(SCOPE, receive, send)

    async def crowd() -> list[int]:
        stalled = [asyncio.create_task(unfinished()) for _ in range(45)]
        for _ in range(50):
            await asyncio.sleep(0)
        status = await post(to, b"x" * 60)
        for each in stalled:
            each.cancel()
        return status

    assert asyncio.run(crowd()) == [200]
