"""The allow-list of the agent. Each verb is a thin layer over the library that the CLI uses."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from manage.access.refusals import Refused
from manage.agent import plans
from manage.agent.log_follow import new_lines
from manage.agent.verb import Call, Emit, Verb
from manage.apply import desired_state, down, inputs, restart, up
from manage.apply.desired_state import DesiredState
from manage.apply.receipt import Receipt
from manage.engine import logs
from manage.errors import NodeyardError
from manage.events import Event
from manage.installation import identity
from manage.installation.layout import Layout
from manage.plan import model

FOLLOW_EVERY_S = 1.0
DEFAULT_LINES = 100


def verbs_by_name(layout: Layout) -> dict[str, Verb]:
    """Every verb that reads from the engine or changes the installation at `layout`."""

    def bound(run: Callable[[Layout, Call], Mapping[str, Any]]) -> Callable[[Call], Mapping[str, Any]]:
        return lambda call: run(layout, call)

    return {
        "logs": Verb("viewer", bound(_logs), ("service", "lines", "follow")),
        "plan": Verb("viewer", bound(_plan), ("verb", "services")),
        "up": Verb("operator", bound(_up), ("services", "plan"), changes=True),
        "restart": Verb("operator", bound(_restart), ("services", "plan"), changes=True),
        "down": Verb("admin", bound(_down), ("plan",), changes=True),
    }


def _logs(layout: Layout, call: Call) -> Mapping[str, Any]:
    service = _require_arg(call, "service")
    count = call.args.get("lines", DEFAULT_LINES)
    who = identity.read(layout)
    lines = logs.recent(who, service, count)
    if not call.args.get("follow", False):
        return {"service": service, "lines": lines}
    fresh: Sequence[str] = lines
    while True:
        for line in fresh:
            call.emit({"kind": "log", "service": service, "text": line})
        call.emit({"kind": "alive", "service": service, "text": ""})  # raises if the client has disconnected
        time.sleep(FOLLOW_EVERY_S)
        later = logs.recent(who, service, count)
        fresh, lines = new_lines(lines, later), later


def _plan(layout: Layout, call: Call) -> Mapping[str, Any]:
    return model.as_json(plans.of_verb(layout, _require_arg(call, "verb"), call.args.get("services", [])))


def _up(layout: Layout, call: Call) -> Mapping[str, Any]:
    services = call.args.get("services", [])
    return _result(up.apply(_state(layout), services=services, manager=False, **_context(call)))


def _restart(layout: Layout, call: Call) -> Mapping[str, Any]:
    services = _require_arg(call, "services")
    return _result(restart.apply(_state(layout), services, manager=False, **_context(call)))


def _down(layout: Layout, call: Call) -> Mapping[str, Any]:
    return _result(down.apply(_state(layout), **_context(call)))


def _state(layout: Layout) -> DesiredState:
    return desired_state.render(inputs.read(layout))


def _context(call: Call) -> dict[str, Any]:
    """The caller, the review of the plan, and the receiver of the progress."""
    return {"review": plans.review(call.args.get("plan", "")), "progress": _progress(call.emit), "by": call.by}


def _require_arg(call: Call, name: str) -> Any:
    """A required argument. Raises Refused if it is missing."""
    if not call.args.get(name):
        raise Refused("usage", f"The argument {name} is missing.")
    return call.args[name]


def _progress(emit: Emit) -> Callable[[Event], None]:
    return lambda event: emit(asdict(event))


def _result(receipt: Receipt) -> Mapping[str, Any]:
    if receipt.state not in ("healthy", "done"):
        raise NodeyardError(receipt.summary or receipt.reason, "See the details: manage history")
    return {"change": receipt.number, "state": receipt.state, "summary": receipt.summary}
