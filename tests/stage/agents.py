"""A real agent on a temporary folder: socket, users, sessions and audit log, with a stack of paper behind its verbs."""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

from manage.access import users
from manage.access.audit import Audit
from manage.access.confirmation import Confirmation
from manage.access.refusals import Refused
from manage.access.sessions import Sessions
from manage.access.sign_in import Access
from manage.access.throttle import Throttle
from manage.agent.client import AgentClient
from manage.agent.dispatch import Dispatcher, Peer
from manage.agent.operations import Operations
from manage.agent.server import Server
from manage.agent.verb import Call, Verb
from manage.errors import NodeyardError
from manage.installation.layout import Layout

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
    drifted: list[str] = field(default_factory=lambda: ["kaspad", "tracker"])
    """The services of a plan that names none."""
    downtime_s: int = 20
    """Of every operation; a test that changes it changes the plan."""

    def verbs(self) -> dict[str, Verb]:
        return {
            "logs": Verb("viewer", self._logs, ("service", "lines", "follow")),
            "plan": Verb("viewer", self._plan, ("verb", "services")),
            "up": Verb("operator", self._confirmed("up", self._up), ("services", "plan"), changes=True),
            "restart": Verb("operator", self._confirmed("restart", self._restart), ("services", "plan"), changes=True),
            "down": Verb("admin", self._confirmed("down", self._noted("down")), ("plan",), changes=True),
        }

    def _plan(self, call: Call) -> Mapping[str, Any]:
        document = self._document(call.args["verb"], call.args.get("services"))
        return {**document, "digest": _digest(document)}

    def _confirmed(self, verb: str, run: Callable[[Call], Mapping[str, Any]]) -> Callable[[Call], Mapping[str, Any]]:
        """`run`, unless the call names a plan that differs from the one there would be now."""

        def checked(call: Call) -> Mapping[str, Any]:
            plan = call.args.get("plan")
            if plan is not None and plan != _digest(self._document(verb, call.args.get("services"))):
                raise Refused("changed", "The plan has changed since it was shown.", "Ask for the plan again.")
            return run(call)

        return checked

    def _document(self, verb: str, services: list[str] | None) -> dict[str, Any]:
        names = services or self.drifted
        kind = {"restart": "restart", "up": "recreate", "down": "remove"}[verb]
        cause = [{"name": "image", "current": "2.0.1", "desired": "2.0.2"}] if kind == "recreate" else []
        rest = {"cause": cause, "downtime_s": self.downtime_s, "data_risk": "kept", "rollback_class": "safe"}
        return {"operations": [{"kind": kind, "service": name, **rest} for name in names]}

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
    clock: Callable[[], float]
    stack: PaperStack
    operations: Operations
    sessions: Sessions
    client: AgentClient
    server: Server
    log: Audit

    def audit(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.layout.audit_file.read_text().splitlines()]

    def signed_in(self, name: str, password: str = PASSWORD) -> str:
        return str(self.client.call("login", name=name, password=password, address="10.0.0.7")["token"])

    def confirm(self, token: str, verb: str, answer: str = PASSWORD, **args: Any) -> dict[str, Any]:
        """The arguments of a change that the person confirmed, as the page of the plan sends them."""
        plan = self.client.call("plan", token=token, verb=verb, services=args.get("services", []))["digest"]
        challenge = self.client.call("challenge", token=token, verb=verb, plan=plan, **args)["id"]
        return {"plan": plan, "challenge": challenge, "answer": answer, **args}

    def change(self, token: str, verb: str, *, address: str = "", **args: Any) -> dict[str, Any]:
        """Make a change as a person does."""
        return self.client.call(verb, token=token, address=address, **self.confirm(token, verb, **args))

    def close(self) -> None:
        self.server.close()
        self.log.close()


def _digest(document: Mapping[str, Any]) -> str:
    return sha256(json.dumps(document, sort_keys=True).encode()).hexdigest()


def folders(layout: Layout) -> Layout:
    """Make the folders that the manager's processes write to."""
    for folder in (layout.agent_dir, layout.agent_socket_dir, layout.engine_file.parent, layout.watch_dir):
        folder.mkdir(parents=True, exist_ok=True)
    return layout


def three_users(layout: Layout) -> bytes:
    """A `users.json` with one user a role; hashing is slow on purpose, so tests do it once and copy the bytes."""
    for name, role in (("vera", "viewer"), ("otto", "operator"), ("ada", "admin")):
        users.add(layout, name, role, PASSWORD)
    return layout.users_file.read_bytes()


def start(layout: Layout, peers: Mapping[int, Peer], clock: Callable[[], float], *, required: bool = False) -> Agent:
    """The agent as `python -m manage.agent` puts it together, but for the engine behind it."""
    stack = PaperStack()
    stack.hold.set()
    sessions = Sessions(layout, gid=os.getgid(), clock=clock)
    log = Audit(layout.audit_file, clock)
    operations = Operations(clock)
    throttle, strangers = Throttle(layout.attempts_file, clock), Throttle(layout.strangers_file, clock)
    confirmation = Confirmation(layout, throttle, clock, required)
    access = Access(layout, sessions, throttle, strangers, confirmation, log, clock)
    dispatcher = Dispatcher(access, log, operations, stack.verbs())
    server = Server(layout.agent_socket, dispatcher, peers=peers, gid=os.getgid())
    server.start()
    return Agent(layout, clock, stack, operations, sessions, AgentClient(layout.agent_socket), server, log)
