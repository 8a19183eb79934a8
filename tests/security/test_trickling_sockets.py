"""Who is connected to a socket of ours can send byte by byte, too much, or nothing, and need not read."""

from __future__ import annotations

import asyncio
import json
import os
import socket
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path

import pytest
from sandbox import control

from manage.access.audit import Audit
from manage.agent import dispatch, server, wire
from manage.agent.client import AgentClient, AgentUnreachable
from manage.agent.dispatch import Peer
from manage.agent.operations import Operations
from manage.agent.verb import Call, Verb
from manage.health.watch import server as watch_server
from manage.installation.layout import Layout
from manage.web import history
from tests.stage import agents
from tests.stage.agents import Agent, Clock
from tests.stage.deadlines import within
from tests.stage.engines import Engine, Respond

IN_TIME_S = 5.0
NESTED = b"[" * 60_000


@pytest.fixture
def agent(tmp_path: Path) -> Iterator[Agent]:
    started = agents.start(agents.folders(Layout(tmp_path)), {os.getuid(): Peer("host")}, Clock())
    yield started
    started.close()


def trickle(connection: socket.socket, byte: bytes = b" ") -> None:
    """One byte each 20 ms, until the other side has enough."""
    with suppress(OSError):
        while True:
            connection.sendall(byte)
            time.sleep(0.02)  # what the attack consists of


@pytest.mark.promise("A caller of the agent's socket that sends byte by byte is cut off at the deadline", runs="ci")
def test_a_request_that_trickles_in_is_cut_off(agent: Agent, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "REQUEST_S", 0.3)
    with socket.socket(socket.AF_UNIX) as connection:
        connection.connect(str(agent.layout.agent_socket))
        within(IN_TIME_S, lambda: trickle(connection))
    assert agent.client.call("ping") == {}


def test_a_nested_request_closes_the_connection_and_the_agent_lives_on(agent: Agent) -> None:
    with socket.socket(socket.AF_UNIX) as connection:
        connection.connect(str(agent.layout.agent_socket))
        connection.sendall(NESTED + b"\n")
        connection.settimeout(IN_TIME_S)
        assert connection.recv(100) == b""
    assert agent.client.call("ping") == {}


def test_a_caller_that_does_not_read_delays_a_change_once() -> None:
    calls: list[Mapping[str, object]] = []

    def emit(event: Mapping[str, object]) -> None:
        calls.append(event)
        raise TimeoutError

    def change(call: Call) -> Mapping[str, object]:
        for step in range(5):
            call.emit({"kind": "step", "service": "x", "text": str(step)})
        return {}

    operations = Operations()
    with_paper_audit = dispatch.Dispatcher(None, _Paper(), operations, {"up": Verb("admin", change, changes=True)})  # type: ignore[arg-type]
    answer = with_paper_audit.answer(Peer("host"), {"verb": "up"}, emit)
    assert len(calls) == 1
    assert len(operations.require(answer["result"]["id"]).events) == 6, "the progress can still be read"


class _Paper(Audit):
    def __init__(self) -> None:
        pass

    def write(self, **_line: object) -> None:
        pass


Start = Callable[[Respond], Engine]


def endless(_target: str) -> Iterator[bytes]:
    while True:
        yield b"x" * 65536


def deep(_target: str) -> Iterator[bytes]:
    yield b"[" * 100_000 + b"\n"


@pytest.fixture(params=["endless", "trickling", "nested", "closed"])
def hostile(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Path]:
    """The socket of a server that answers like this."""
    path = Path(os.path.relpath(tmp_path / "hostile.sock"))
    stop = threading.Event()

    def trickling(_target: str) -> Iterator[bytes]:
        while not stop.wait(0.02):
            yield b" "

    respond = {"endless": endless, "trickling": trickling, "nested": deep, "closed": lambda _target: iter(())}
    started = Engine(path, respond[request.param], head=False)
    yield path
    stop.set()
    started.close()


def test_the_dashboard_waits_no_longer_for_watch_than_it_says(hostile: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(history, "_TIMEOUT_S", 0.5)
    with pytest.raises((OSError, ValueError)):
        within(IN_TIME_S, lambda: history.fetch(hostile))


def test_a_client_waits_no_longer_for_the_agent_than_it_says(hostile: Path) -> None:
    with pytest.raises(AgentUnreachable):
        within(IN_TIME_S, lambda: AgentClient(hostile, timeout_s=0.5).call("ping"))


def test_the_cli_waits_no_longer_for_a_simulator_than_it_says(hostile: Path) -> None:
    with pytest.raises(control.ControlError):
        within(IN_TIME_S, lambda: control.call(hostile, "status", timeout_s=0.5))


def test_many_messages_may_come_within_the_deadline_of_each() -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        theirs.sendall(b"".join(json.dumps({"event": {"n": n}}).encode() + b"\n" for n in range(3)))
        messages = wire.receive(ours, 1000, 0.3)
        assert [next(messages)["event"]["n"] for _ in range(3)] == [0, 1, 2]
        with pytest.raises(TimeoutError):
            next(messages)


@pytest.fixture
def watch_socket(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The socket of a watch that has nothing to tell yet."""
    monkeypatch.setattr(watch_server, "QUIET_S", 0.3)
    loop = asyncio.new_event_loop()
    with tempfile.TemporaryDirectory(dir="/tmp") as folder:
        path = Path(folder) / "watch.sock"
        serving = loop.run_until_complete(watch_server.serve_socket(None, path))  # type: ignore[arg-type]
        thread = threading.Thread(target=loop.run_forever)
        thread.start()
        yield str(path)
        loop.call_soon_threadsafe(serving.close)
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


@pytest.mark.promise("Who asks watch byte by byte is cut off, and a nested request gets a sentence", runs="ci")
def test_watch_waits_no_longer_for_a_request_than_it_says(watch_socket: str) -> None:
    with socket.socket(socket.AF_UNIX) as connection:
        connection.connect(watch_socket)
        within(IN_TIME_S, lambda: trickle(connection))
    with socket.socket(socket.AF_UNIX) as connection:
        connection.connect(watch_socket)
        connection.sendall(NESTED + b"\n")
        connection.settimeout(IN_TIME_S)
        assert b"nested too deeply" in connection.recv(1000)
