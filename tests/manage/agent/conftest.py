"""Agents on temporary folders; see `tests/stage/agents.py`."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest

from manage.agent.client import AgentRefused
from manage.agent.dispatch import Peer
from manage.installation.layout import Layout
from tests.stage import agents
from tests.stage.agents import Agent, Clock


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    return agents.folders(Layout(tmp_path))


@pytest.fixture(scope="session")
def three_users(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    return agents.three_users(Layout(tmp_path_factory.mktemp("users")))


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def start_agent(layout: Layout, clock: Clock) -> Iterator[Callable[[Mapping[int, Peer]], Agent]]:
    started: list[Agent] = []

    def start(peers: Mapping[int, Peer]) -> Agent:
        started.append(agents.start(layout, peers, clock))
        return started[-1]

    yield start
    for agent in started:
        agent.close()


@pytest.fixture
def agent(start_agent: Callable[[Mapping[int, Peer]], Agent], layout: Layout, three_users: bytes) -> Agent:
    """Three users, and a caller who counts as the dashboard."""
    layout.users_file.write_bytes(three_users)
    return start_agent({os.getuid(): Peer("dashboard")})


def refusal(agent: Agent, verb: str, **args: object) -> AgentRefused:
    with pytest.raises(AgentRefused) as caught:
        agent.client.call(verb, **args)  # type: ignore[arg-type]
    return caught.value
