"""The agent's socket: who is answered, and what nonsense and crowds get."""

from __future__ import annotations

import os
import socket
import stat
import time
from collections.abc import Callable, Mapping

import pytest

from manage.agent.client import AgentClient, AgentRefused, AgentUnreachable
from manage.agent.dispatch import Peer
from manage.agent.server import MOST_CONNECTIONS
from tests.manage.agent.conftest import refusal
from tests.stage.agents import Agent


def test_root_on_the_host_needs_no_token(start_agent: Callable[[Mapping[int, Peer]], Agent]) -> None:
    agent = start_agent({os.getuid(): Peer("host")})
    agent.client.call("down")
    assert agent.stack.calls == [("down", {}, "root@host")]
    assert [line["who"] for line in agent.audit()] == ["root@host", "root@host"]


def test_another_user_of_the_machine_is_not_answered(start_agent: Callable[[Mapping[int, Peer]], Agent]) -> None:
    agent = start_agent({os.getuid() + 1: Peer("host"), os.getuid() + 2: Peer("dashboard")})
    assert refusal(agent, "ping").message == "The agent does not answer this user."


def test_the_socket_is_for_root_and_its_group(agent: Agent) -> None:
    assert stat.S_IMODE(agent.layout.agent_socket.stat().st_mode) == 0o660


@pytest.mark.parametrize(
    "line", [b"nonsense\n", b"[1]\n", b'{"verb": 7}\n', b"{}\n", b'{"verb": "login", "args": 3}\n']
)
def test_nonsense_gets_a_sentence_or_a_closed_door_and_the_agent_lives_on(agent: Agent, line: bytes) -> None:
    with socket.socket(socket.AF_UNIX) as connection:
        connection.connect(str(agent.layout.agent_socket))
        connection.sendall(line)
        answer = connection.makefile().readline()
    assert answer == "" or '"usage"' in answer
    assert agent.client.call("ping") == {}


def test_an_endless_request_is_cut_off(agent: Agent) -> None:
    with socket.socket(socket.AF_UNIX) as connection:
        connection.connect(str(agent.layout.agent_socket))
        with pytest.raises(OSError, match=r"Broken pipe|reset"):
            for _ in range(10_000):
                connection.sendall(b"x" * 4096)
    assert agent.client.call("ping") == {}


def test_a_crowd_is_turned_away_with_a_word_and_room_is_made_again(agent: Agent) -> None:
    crowd = [socket.socket(socket.AF_UNIX) for _ in range(MOST_CONNECTIONS)]
    for connection in crowd:
        connection.connect(str(agent.layout.agent_socket))
    assert refusal(agent, "ping").kind == "busy"
    for connection in crowd:
        connection.close()
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        try:
            assert agent.client.call("ping") == {}
            return
        except AgentRefused:
            continue
    raise AssertionError("no room was made")


def test_an_agent_that_is_away_is_said_to_be_away(agent: Agent) -> None:
    client = AgentClient(agent.layout.dir / "nothing.sock")
    with pytest.raises(AgentUnreachable, match="The agent does not answer"):
        client.call("ping")
