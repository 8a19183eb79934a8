"""A real agent on a temporary folder: socket, users, sessions and audit log, with a stack of paper behind its verbs."""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from manage.agent import users
from manage.agent.access import Access
from manage.agent.audit import Audit
from manage.agent.client import AgentClient
from manage.agent.dispatch import Dispatcher, Peer
from manage.agent.operations import Operations
from manage.agent.server import Server
from manage.agent.sessions import Sessions
from manage.agent.throttle import Throttle
from manage.agent.verb import Call, Verb
from manage.errors import NodeyardError
from manage.host.layout import Layout

PASSWORD = "twelve tall trees"


@dataclass
class Clock:
    """Time that a test moves."""

    now: float = 1_800_000_000.0

    def __call__(self) -> float:
        return self.now


@dataclass
class PaperStack:
    """Verbs that change nothing but this object: what the agent's allow-list leads to in these tests."""

    calls: list[tuple[str, Mapping[str, Any], str]] = field(default_factory=list)
    hold: threading.Event = field(default_factory=threading.Event)
    """`up` waits for it, so that a test can look while a change runs."""

    def verbs(self) -> dict[str, Verb]:
        return {
            "logs": Verb("viewer", self._logs, ("service", "lines", "follow")),
            "plan": Verb("viewer", self._noted("plan"), ("verb", "services")),
            "up": Verb("operator", self._up, ("services",), changes=True),
            "restart": Verb("operator", self._restart, ("services",), changes=True),
            "down": Verb("admin", self._noted("down"), changes=True),
        }

    def _noted(self, verb: str) -> Callable[[Call], Mapping[str, Any]]:
        def run(call: Call) -> Mapping[str, Any]:
            self.calls.append((verb, call.args, call.by))
            return {}

        return run

    def _logs(self, call: Call) -> Mapping[str, Any]:
        return {"lines": [f"{call.args['service']} line {number}" for number in range(call.args["lines"])]}

    def _up(self, call: Call) -> Mapping[str, Any]:
        self.calls.append(("up", call.args, call.by))
        call.emit({"kind": "step", "service": "kaspad", "text": "create"})
        assert self.hold.wait(10)
        return {"summary": "1 operation done"}

    def _restart(self, call: Call) -> Mapping[str, Any]:
        self.calls.append(("restart", call.args, call.by))
        for name in call.args["services"]:
            if name == "broken":
                raise NodeyardError("broken did not become healthy.", "See its log: manage logs broken")
            call.emit({"kind": "done", "service": name, "text": "healthy"})
        return {"summary": "restarted"}


@dataclass
class Agent:
    layout: Layout
    clock: Clock
    stack: PaperStack
    operations: Operations
    sessions: Sessions
    client: AgentClient

    def audit(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.layout.audit_file.read_text().splitlines()]

    def signed_in(self, name: str, password: str = PASSWORD) -> str:
        return str(self.client.call("login", name=name, password=password, address="10.0.0.7")["token"])


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    layout = Layout(tmp_path)
    for folder in (layout.agent_dir, layout.agent_socket_dir, layout.engine_file.parent):
        folder.mkdir(parents=True)
    return layout


@pytest.fixture
def start_agent(layout: Layout) -> Iterator[Callable[[Mapping[int, Peer]], Agent]]:
    servers: list[Server] = []
    audits: list[Audit] = []

    def start(peers: Mapping[int, Peer]) -> Agent:
        clock, stack = Clock(), PaperStack()
        stack.hold.set()
        sessions = Sessions(layout, gid=os.getgid(), clock=clock)
        audit = Audit(layout.audit_file, clock)
        operations = Operations(clock)
        dispatcher = Dispatcher(Access(layout, sessions, Throttle(clock), audit), audit, operations, stack.verbs())
        server = Server(layout.agent_socket, dispatcher, peers=peers, gid=os.getgid())
        server.start()
        servers.append(server)
        audits.append(audit)
        return Agent(layout, clock, stack, operations, sessions, AgentClient(layout.agent_socket))

    yield start
    for server in servers:
        server.close()
    for audit in audits:
        audit.close()


@pytest.fixture(scope="session")
def three_users(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """A `users.json` with one user a role: hashing is slow on purpose, so it is done once."""
    layout = Layout(tmp_path_factory.mktemp("users"))
    for name, role in (("vera", "viewer"), ("otto", "operator"), ("ada", "admin")):
        users.add(layout, name, role, PASSWORD)
    return layout.users_file.read_bytes()


@pytest.fixture
def agent(start_agent: Callable[[Mapping[int, Peer]], Agent], layout: Layout, three_users: bytes) -> Agent:
    """Three users, and a caller who counts as the dashboard."""
    layout.users_file.write_bytes(three_users)
    return start_agent({os.getuid(): Peer("dashboard")})
