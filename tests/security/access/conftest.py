"""An agent on a temporary folder, and the attacker's seat: a dashboard that was taken over."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from argon2 import PasswordHasher
from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.twofactor.hotp import HOTP

from manage.access import passwords, second_factor
from manage.agent.client import AgentRefused
from manage.agent.dispatch import Peer
from manage.installation.layout import Layout
from tests.stage import agents
from tests.stage.agents import PASSWORD, Agent, Clock

Start = Callable[..., Agent]
GATEWAY = "172.18.0.1"
"""Docker's gateway, the address of everybody who comes through a published port."""


@pytest.fixture(scope="module", autouse=True)
def cheap_hashes() -> Iterator[None]:
    """These tests try many passwords, and how slow a hash is matters to one of them only."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(passwords, "_HASHER", PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))
        passwords._decoy_hash.cache_clear()
        yield
    passwords._decoy_hash.cache_clear()


@pytest.fixture(scope="module")
def three_users(cheap_hashes: None, tmp_path_factory: pytest.TempPathFactory) -> bytes:
    return agents.three_users(Layout(tmp_path_factory.mktemp("users")))


@pytest.fixture
def layout(tmp_path: Path, three_users: bytes) -> Layout:
    layout = agents.folders(Layout(tmp_path))
    layout.users_file.write_bytes(three_users)
    return layout


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def start(layout: Layout, clock: Clock) -> Iterator[Start]:
    """Start an agent; with `required=True` as on an address that others can reach. Starting another is a restart."""
    started: list[Agent] = []

    def run(*, required: bool = False) -> Agent:
        for agent in started:
            agent.server.close()
        started.append(agents.start(layout, {os.getuid(): Peer("dashboard")}, clock, required=required))
        return started[-1]

    yield run
    for agent in started:
        agent.close()


@pytest.fixture
def agent(start: Start) -> Agent:
    return start()


def refusal(agent: Agent, verb: str, /, **args: object) -> AgentRefused:
    with pytest.raises(AgentRefused) as caught:
        list(agent.client.stream(verb, **args))  # type: ignore[arg-type]
    return caught.value


def sign_in(agent: Agent, name: str, device: str = "") -> dict[str, object]:
    """The agent's answer to the right password from behind the gateway."""
    return agent.client.call("login", name=name, password=PASSWORD, device=device, address=GATEWAY)


def enrol(agent: Agent, token: str) -> str:
    """Set up a second factor; its secret."""
    secret = str(agent.client.call("start_enrolment", token=token, password=PASSWORD)["secret"])
    agent.client.call("finish_enrolment", token=token, answer=code(agent, secret))
    return secret


def code(agent: Agent, secret: str, *, steps: int = 0) -> str:
    """What an authenticator app shows now, or `steps` times 30 seconds later."""
    counter = int(agent.clock()) // second_factor.STEP_S + steps
    return HOTP(second_factor._key(secret), 6, SHA1()).generate(counter).decode()
