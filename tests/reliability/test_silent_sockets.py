"""A unix socket that takes connections and never answers, as a frozen process does: everybody who asks gives up."""

from __future__ import annotations

import asyncio
import socket
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from nodeclients.links import LOG_FOLLOW
from sandbox import control, control_server

from manage.agent.client import AgentClient, AgentUnreachable
from manage.engine import log_follow
from manage.engine.client import api_version
from manage.engine.reader import Reader
from manage.errors import NodeyardError
from manage.web import history
from tests.stage.deadlines import within
from tests.stage.engines import Engine, answer, frame

IN_TIME_S = 5.0
WAIT_S = 0.3


@pytest.fixture
def silent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The socket; whoever looks for Docker's engine finds it, too."""
    path = tmp_path / "s.sock"
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))
        listener.listen()
        monkeypatch.setenv("DOCKER_HOST", f"unix://{path}")
        yield path


ASK: dict[str, tuple[type[Exception], Callable[[Path], Any]]] = {
    "the agent": (AgentUnreachable, lambda path: AgentClient(path, timeout_s=WAIT_S).call("ping")),
    "the progress of a change": (AgentUnreachable, lambda path: list(AgentClient(path).stream("up", timeout_s=WAIT_S))),
    "watch": (OSError, history.fetch),
    "a simulator": (control.ControlError, lambda path: control.call(path, "status", timeout_s=WAIT_S)),
    "the engine": (NodeyardError, lambda _: Reader(timeout_s=WAIT_S).info()),
    "the engine's version": (NodeyardError, lambda path: api_version(str(path), WAIT_S)),
    "a log that is followed": (NodeyardError, lambda _: list(log_follow.follow("c1", 10))),
}


@pytest.mark.promise("Nobody waits for a unix socket that never answers for longer than its deadline", runs="ci")
@pytest.mark.parametrize("who", ASK)
def test_a_peer_that_never_answers_is_given_up(who: str, silent: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(history, "_TIMEOUT_S", WAIT_S)
    quick(monkeypatch)
    error, ask = ASK[who]
    with pytest.raises(error):
        within(IN_TIME_S, lambda: ask(silent))


def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(log_follow, "LOG_FOLLOW", replace(LOG_FOLLOW, every_s=0.1, deadline_s=WAIT_S))


class FollowedLog:
    """An engine with one log: two lines, a silence that lasts until the test ends it, and another line."""

    def __init__(self, path: Path) -> None:
        self.speak = threading.Event()
        self.pings = 0
        self.is_frozen = False
        self._engine = Engine(path, self._respond)

    def close(self) -> None:
        self.speak.set()
        self._engine.close()

    def _respond(self, target: str) -> Iterator[bytes]:
        if target == "/_ping":
            self.pings += 1
            if self.is_frozen:
                self.speak.wait()
            yield b"HTTP/1.0 200 OK\r\nApi-Version: 1.41\r\n\r\n"
            return
        assert target.startswith("/containers/c1/logs?")
        assert "follow=1" in target
        yield from cut_up(answer(frame(b"2026-01-01T00:00:00.1Z one\n") + frame(b"2026-01-01T00:00:01.1Z two\n", 2)))
        self.speak.wait()
        yield frame(b"2026-01-01T00:00:02.1Z three\n")


def cut_up(text: bytes) -> Sequence[bytes]:
    """Parts that end anywhere: in the head of the answer and in that of a frame."""
    return [text[at : at + 7] for at in range(0, len(text), 7)]


@pytest.fixture
def log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[FollowedLog]:
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path / 'docker.sock'}")
    quick(monkeypatch)
    found = FollowedLog(tmp_path / "docker.sock")
    yield found
    found.close()


def test_a_silent_log_is_followed_on_while_the_engine_answers(log: FollowedLog) -> None:
    def followed() -> bytes:
        found = b""
        for part in log_follow.follow("c1", 10):
            found += part
            if b"two\n" in found and not log.speak.is_set():
                threading.Thread(target=after_pings).start()
        return found

    def after_pings() -> None:
        while log.pings < 3:
            time.sleep(0.01)
        log.speak.set()

    lines = within(IN_TIME_S, followed).decode().splitlines()
    assert [line.split()[1] for line in lines] == ["one", "two", "three"]


@pytest.mark.promise("`manage logs --follow` ends with a sentence if Docker's engine freezes", runs="ci")
def test_following_ends_if_the_engine_freezes(log: FollowedLog) -> None:
    log.is_frozen = True
    found: list[bytes] = []
    with pytest.raises(NodeyardError, match="does not answer"):
        within(IN_TIME_S, lambda: found.extend(log_follow.follow("c1", 10)))
    assert b"".join(found).endswith(b"two\n")


@pytest.mark.promise("A simulator drops a caller that sends no request", runs="ci")
def test_a_silent_caller_of_a_simulator_is_dropped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(control_server, "QUIET_S", WAIT_S)

    async def scene() -> bytes:
        path = tmp_path / "control"
        server = await control_server.serve(path, None)  # type: ignore[arg-type]  # nothing is asked
        async with server, asyncio.timeout(IN_TIME_S):
            reader, writer = await asyncio.open_unix_connection(str(path))
            writer.write(b'{"verb": "status"')
            found = await reader.read()
            writer.close()
        return found

    assert asyncio.run(scene()) == b""
