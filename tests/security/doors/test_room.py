"""Many WebSockets of one client leave room for others, and requests are answered meanwhile."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import pytest
from serving.room import Clients, Room
from starlette.requests import HTTPConnection
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from tests.oracle.test_listeners import Speaker


@contextmanager
def speaker(room: Room, proxy: str = "") -> Iterator[Speaker]:
    with Speaker(None) as running:
        running.context.room, running.context.clients = room, Clients(proxy)
        yield running


def listen(speaker: Speaker, **headers: str) -> Any:
    return connect(f"ws://127.0.0.1:{speaker.port}/ws/mempool", additional_headers=headers)


def refusal(speaker: Speaker, **headers: str) -> tuple[int, str]:
    with pytest.raises(InvalidStatus) as refused:
        listen(speaker, **headers)
    response = refused.value.response
    return response.status_code, (response.body or b"").decode()


@pytest.mark.promise("A client with all its WebSockets open gets 429, another client is served", runs="ci")
def test_one_client_cannot_take_the_room_of_another() -> None:
    with speaker(Room(most=100, most_each=5), proxy="localhost") as running, ExitStack() as held:
        for _ in range(5):
            held.enter_context(listen(running, **{"X-Forwarded-For": "192.0.2.7"}))
        status, sentence = refusal(running, **{"X-Forwarded-For": "192.0.2.7"})
        assert (status, "192.0.2.7 has 5 WebSockets" in sentence) == (429, True)
        held.enter_context(listen(running, **{"X-Forwarded-For": "192.0.2.8"}))
        assert running.context.room.crowded() == ["192.0.2.7"]


def test_all_of_them_together_are_bounded_and_a_closed_one_makes_room() -> None:
    with speaker(Room(most=3, most_each=3)) as running, ExitStack() as held:
        listeners = [held.enter_context(listen(running)) for _ in range(3)]
        status, sentence = refusal(running)
        assert (status, "All 3 WebSockets are in use." in sentence) == (503, True)
        listeners[0].close()
        deadline = 200
        while len(running.context.room) == 3 and (deadline := deadline - 1):
            listeners[1].ping().wait(0.05)
        held.enter_context(listen(running))


@pytest.mark.parametrize(
    ("proxy", "peer", "believed"),
    [("localhost", "127.0.0.1", "192.0.2.7"), ("localhost", "192.0.2.1", "192.0.2.1"), ("", "127.0.0.1", "127.0.0.1")],
)
def test_only_our_proxy_is_believed_about_the_client(proxy: str, peer: str, believed: str) -> None:
    headers = [(b"x-forwarded-for", b"203.0.113.1, 192.0.2.7")]
    connection = HTTPConnection({"type": "http", "client": (peer, 1), "headers": headers})
    assert asyncio.run(Clients(proxy).address(connection)) == believed
