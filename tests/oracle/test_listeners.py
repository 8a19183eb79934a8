"""Listeners that are too slow, on connections that fill up."""

from __future__ import annotations

import asyncio
import json
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Any

import pytest
import uvicorn
from fastapi import FastAPI
from oracle.estimate import Estimate, State
from oracle.live import answer
from oracle.live.answer import Market
from oracle.live.clock import SteadyClock
from oracle.live.core import Live, Update
from oracle.web.context import Context
from oracle.web.listeners import Protocol
from oracle.web.socket_route import router
from oracle.web.stream import Stream
from oracle.weights import load
from websockets.sync.client import ClientConnection, connect

from tests.reliability.swallowing import in_front_of
from tests.stage.ports import free_port
from tests.stage.waiting import until

TICKS = 150
ESTIMATE = Estimate(50_000.0, 49_900.0, 50_100.0, 0.9, State.OK, "one price stands out", 7)


class Speaker:
    """The oracle's WebSocket with a test in place of the feed: every tick is as long as a message can be."""

    def __init__(self, ping_s: float | None) -> None:
        self.port = free_port()
        clock = SteadyClock()
        self.context = Context(Live(load(), Market.SYNTHETIC), Stream(), clock, None, None, clock.now())
        app = FastAPI()
        app.include_router(router(self.context))
        config = uvicorn.Config(
            app,
            port=self.port,
            ws=Protocol,
            ws_ping_interval=ping_s,
            ws_ping_timeout=ping_s,
            ws_per_message_deflate=False,
            log_config=None,
            lifespan="off",
        )
        self._server = uvicorn.Server(config)
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> Speaker:
        self._thread.start()
        until(lambda: self._server.started)
        self.tell()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.force_exit = self._server.should_exit = True
        self._thread.join(20)
        self._loop.close()

    @property
    def connections(self) -> int:
        return len(self._server.server_state.connections)

    def tell(self) -> None:
        async def publish() -> None:
            now = time.time()
            points = [(now, 50_000.0 + n / 100) for n in range(4000)]
            self.context.stream.publish(Update(answer.of_estimate(ESTIMATE, Market.SYNTHETIC, now), points), {})
            self.context.listeners.send()

        asyncio.run_coroutine_threadsafe(publish(), self._loop).result(10)

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_until_complete(self._server.serve())


@contextmanager
def listening(speaker: Speaker) -> Iterator[ClientConnection]:
    """A listener that reads only on demand and leaves the rest in the buffer."""
    wire = socket.socket()
    wire.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8192)
    wire.connect(("127.0.0.1", speaker.port))
    url = f"ws://127.0.0.1:{speaker.port}/ws/mempool"
    with connect(url, sock=wire, max_size=2**22, max_queue=1, ping_interval=None) as listener:
        yield listener


def receive(listener: ClientConnection) -> dict[str, Any]:
    message: dict[str, Any] = json.loads(listener.recv(timeout=10))
    return message


@pytest.mark.promise(
    "A slow WebSocket client gets the newest state, with everything it missed in one message",
    runs="ci",
)
def test_who_is_behind_gets_all_that_he_missed_in_one_message() -> None:
    with Speaker(None) as speaker, listening(speaker) as slow, listening(speaker) as quick:
        seen = receive(slow)["sequence"]
        newest = receive(quick)["sequence"]
        for _ in range(TICKS):
            speaker.tell()
            message = receive(quick)
            assert (message["since"], message["sequence"]) == (newest, newest + 1), "the slow one slows nobody"
            newest += 1
        heard = 0
        while seen < newest:
            try:
                message = json.loads(slow.recv(timeout=1))
            except TimeoutError:  # all that lay on the wire is read
                speaker.tell()
                newest += 1
                continue
            assert message["since"] == seen
            seen, heard = message["sequence"], heard + 1
        assert heard < TICKS / 2, heard


@pytest.mark.promise("A WebSocket client whose connection swallows everything is removed", runs="ci")
def test_a_client_whose_cable_is_cut_is_removed() -> None:
    with (
        Speaker(0.5) as speaker,
        in_front_of(speaker.port) as proxy,
        connect(f"ws://127.0.0.1:{proxy.port}/ws/mempool", ping_interval=None, close_timeout=0.1) as listener,
    ):
        receive(listener)
        assert speaker.connections == 1
        proxy.swallow()
        until(lambda: len(speaker.context.listeners) == speaker.connections == 0, 10)


@pytest.mark.promise("A WebSocket client that never reads is disconnected even if its connection is full", runs="ci")
def test_who_never_reads_is_cut_off_whatever_waits_for_him() -> None:
    with Speaker(0.5) as speaker, listening(speaker) as quick, closing(socket.socket()) as deaf:
        receive(quick)
        deaf.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8192)
        deaf.connect(("127.0.0.1", speaker.port))
        deaf.sendall(
            b"GET /ws/mempool HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
            b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
        )
        until(lambda: len(speaker.context.listeners) == 2)

        def gone() -> bool:
            speaker.tell()
            receive(quick)
            return len(speaker.context.listeners) == 1 and speaker.connections == 1

        until(gone, 30, every_s=0)
