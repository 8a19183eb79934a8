"""`/ws/mempool` as its listeners meet it."""

from __future__ import annotations

import itertools
import json
import socket
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

from tests.oracle.bitcoind import Bitcoind
from tests.oracle.generator import Generator
from tests.oracle.process import Oracle, environment
from tests.stage.ports import free_port
from tests.stage.waiting import until


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bitcoind]:
    with Bitcoind(tmp_path_factory.mktemp("bitcoind"), None) as running:
        yield running


@pytest.fixture(scope="module")
def generator(node: Bitcoind) -> Generator:
    return Generator(node)


@pytest.fixture(scope="module")
def oracle(node: Bitcoind, generator: Generator, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Oracle]:
    with Oracle(tmp_path_factory.mktemp("oracle"), free_port(), environment(node.running)) as running:
        generator.pay(1500)
        running.wait_state("ok", "wide")
        yield running


def listen(oracle: Oracle, query: str = "") -> ClientConnection:
    return connect(f"ws://127.0.0.1:{oracle.port}/ws/mempool{query}", max_size=2**22)


def receive(listener: ClientConnection) -> dict[str, Any]:
    message: dict[str, Any] = json.loads(listener.recv(timeout=5))
    return message


@pytest.mark.promise("A WebSocket client gets a snapshot with interval and state, then deltas", runs="ci")
def test_first_comes_everything_then_what_is_new(oracle: Oracle, generator: Generator) -> None:
    with listen(oracle) as listener:
        snapshot = receive(listener)
        assert snapshot["type"] == "snapshot"
        assert len(snapshot["transactions"]) > 100
        assert {"timestamp", "price"} == set(snapshot["transactions"][0])
        assert {"total_received", "total_filtered", "active_in_window", "uptime_seconds"} <= set(snapshot["stats"])
        assert snapshot["low"] < snapshot["price"] < snapshot["high"]
        assert (snapshot["market"], snapshot["state"]) == ("synthetic", "ok")
        quiet = receive(listener)
        assert (quiet["type"], quiet["sequence"], quiet["since"]) == (
            "delta",
            snapshot["sequence"] + 1,
            snapshot["sequence"],
        )
        generator.pay(200)
        points: list[Any] = []
        while len(points) < 10:
            points += receive(listener)["transactions"]
        assert all(point["price"] == pytest.approx(generator.price, rel=0.06) for point in points)


@pytest.mark.promise("WebSocket messages come every 500 ms", runs="ci")
def test_messages_come_each_half_second(oracle: Oracle) -> None:
    with listen(oracle) as listener:
        receive(listener)
        times = [receive(listener)["timestamp"] for _ in range(6)]
    gaps = [later - earlier for earlier, later in itertools.pairwise(times)]
    assert sorted(gaps)[len(gaps) // 2] == pytest.approx(0.5, abs=0.1)


@pytest.mark.promise("A WebSocket client that reconnects gets only what it missed (resume by sequence)", runs="ci")
def test_who_comes_back_gets_only_what_he_missed(oracle: Oracle, generator: Generator) -> None:
    with listen(oracle) as listener:
        last = receive(listener)
    generator.pay(150)
    until(lambda: oracle.price()["sequence"] >= last["sequence"] + 4)
    with listen(oracle, f"?stream={last['stream']}&after={last['sequence']}") as listener:
        missed = receive(listener)
    assert (missed["type"], missed["since"]) == ("delta", last["sequence"])
    assert missed["sequence"] >= last["sequence"] + 4
    assert len(missed["transactions"]) > 5
    known = {(point["timestamp"], point["price"]) for point in last["transactions"]}
    assert not known & {(point["timestamp"], point["price"]) for point in missed["transactions"]}


@pytest.mark.parametrize("query", ["?stream=00000000&after=NOW", "?after=NOW", "?stream=STREAM&after=99999999"])
def test_who_names_what_is_not_known_gets_everything(oracle: Oracle, query: str) -> None:
    price = oracle.price()
    with listen(oracle, query.replace("STREAM", price["stream"]).replace("NOW", str(price["sequence"]))) as listener:
        assert receive(listener)["type"] == "snapshot"


def test_a_number_that_is_none_is_refused_in_words(oracle: Oracle) -> None:
    stream = oracle.price()["stream"]
    with listen(oracle, f"?stream={stream}&after=x") as listener, pytest.raises(ConnectionClosed) as closed:
        listener.recv(timeout=5)
    assert closed.value.rcvd is not None
    assert "Expected a whole number" in closed.value.rcvd.reason


def test_what_a_client_says_is_passed_over(oracle: Oracle) -> None:
    with listen(oracle) as listener:
        for _ in range(20):
            listener.send("hello")
        assert receive(listener)["type"] == "snapshot"
        assert receive(listener)["type"] == "delta"


@pytest.mark.promise("A WebSocket client that never reads slows no other client and is disconnected", runs="ci")
def test_a_client_that_never_reads_slows_nobody_and_is_cut_off(oracle: Oracle, generator: Generator) -> None:
    with closing(socket.create_connection(("127.0.0.1", oracle.port))) as deaf, listen(oracle) as listener:
        deaf.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        deaf.sendall(
            b"GET /ws/mempool HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
            b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
        )
        until(lambda: oracle.metric("oracle_clients") == 2)
        receive(listener)
        before = oracle.memory_bytes()
        generator.pay(300)
        sequence = receive(listener)["sequence"]

        def cut_off() -> bool:
            nonlocal sequence
            newer = receive(listener)["sequence"]
            assert newer == sequence + 1, "the one who reads misses nothing"
            sequence = newer
            return oracle.metric("oracle_clients") == 1

        until(cut_off, 40)
        assert oracle.memory_bytes() - before < 20e6


@pytest.mark.promise("A WebSocket client costs less than 1 MB/s", runs="ci")
def test_a_client_costs_less_than_a_megabyte_a_second(oracle: Oracle, generator: Generator) -> None:
    with listen(oracle) as listener:
        receive(listener)
        generator.pay(1000)
        sizes = [len(listener.recv(timeout=5)) for _ in range(4)]
    assert sum(sizes) / 2 < 1e6


def test_clients_are_let_go_when_the_service_stops(node: Bitcoind, tmp_path: Path) -> None:
    with Oracle(tmp_path, free_port(), environment(node.running)) as oracle, listen(oracle) as listener:
        receive(listener)
        assert oracle.stop() == 0
        with pytest.raises(ConnectionClosed):
            while True:
                listener.recv(timeout=5)
