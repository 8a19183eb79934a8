"""A flood of strangers' sign-ins delays neither pages nor a browser in which somebody has signed in."""

from __future__ import annotations

import asyncio
import threading
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from flask import Flask, Request

from manage.access import devices
from manage.web import device_cookie
from manage.web.gateway import Gateway
from manage.web.lanes import KNOWN, SIGN_IN
from manage.web.sessions import FormGuard
from tests.manage.web.conftest import agent, app, clock, layout, three_users
from tests.stage.agents import PASSWORD, Agent

__all__ = ["agent", "app", "clock", "layout", "three_users"]
STRANGERS = 6 + 16
"""How many requests of strangers run and wait at most."""


async def ask(gateway: Gateway, method: str, path: str, cookie: str = "") -> int:
    """The status of the answer."""
    headers = [(b"host", b"localhost"), (b"cookie", cookie.encode())]
    scope = {"type": "http", "http_version": "1.1", "method": method, "path": path, "query_string": b""}
    scope |= {"scheme": "http", "headers": headers, "client": ("192.0.2.7", 1), "server": ("127.0.0.1", 8600)}
    sent: list[Any] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b""}

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    await gateway(scope, receive, send)
    return int(sent[0]["status"])


@pytest.fixture
def device(agent: Agent) -> str:
    """The cookie of a browser in which somebody has signed in."""
    return str(agent.client.call("login", name="vera", password=PASSWORD, address="192.0.2.1")["device"])


@pytest.mark.promise("While strangers fill the sign-in, a known device signs in and pages come", runs="ci")
def test_a_full_lane_of_strangers_refuses_strangers_alone(
    app: Flask, device: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    ended, waiting = threading.Event(), threading.Semaphore(0)

    def slow(*_: Any) -> bool:
        if threading.current_thread().name.startswith(SIGN_IN):
            waiting.release()
            ended.wait(30)
        return False  # the form is old, says the page: 400

    monkeypatch.setattr(FormGuard, "accepts", slow)
    gateway, other = Gateway(app), devices.signed("x", Ed25519PrivateKey.generate())

    async def attack() -> list[int]:
        flood = [asyncio.create_task(ask(gateway, "POST", "/login")) for _ in range(STRANGERS)]
        try:
            for _ in range(6):
                assert await asyncio.to_thread(waiting.acquire, timeout=20)
            asked = [
                ask(gateway, "POST", "/login"),
                ask(gateway, "POST", "/login", "nodeyard_device_vera=" + device.replace(".", ".AA")),
                ask(gateway, "POST", "/login", f"nodeyard_device_vera={other}"),
                ask(gateway, "POST", "/login", f"__Host-nodeyard_device_vera={device}"),
                ask(gateway, "GET", "/login"),
            ]
            return [await asyncio.wait_for(one, 10) for one in asked]
        finally:
            ended.set()
            await asyncio.gather(*flood)

    assert asyncio.run(attack()) == [429, 429, 429, 400, 200]


@pytest.mark.parametrize("kept", ["", ".", "a.b", "a." + "é", "a.b.c", "x" * 300 + ".AAAA", "a.====", "a" + "." * 50])
def test_what_is_no_signature_is_a_stranger(kept: str) -> None:
    assert not devices.is_signed(kept, Ed25519PrivateKey.generate().public_key())


def test_the_signature_of_a_session_is_none_of_a_device(agent: Agent, app: Flask) -> None:
    key = app.extensions["sources"].public_key()
    assert devices.is_signed(str(agent.client.call("login", name="ada", password=PASSWORD)["device"]), key)
    assert not devices.is_signed(agent.signed_in("ada"), key)


@pytest.mark.parametrize("cookies", [0, 1, 8, 9])
def test_few_signatures_are_checked(app: Flask, device: str, cookies: int) -> None:
    pairs = [f"nodeyard_device_a{number}=x.AAAA" for number in range(cookies)] + [f"nodeyard_device_vera={device}"]
    request = Request({"HTTP_COOKIE": "; ".join(pairs), "REQUEST_METHOD": "POST"})
    assert device_cookie.lane(app, request) == (KNOWN if cookies < 8 else SIGN_IN)
