"""The allow-list: what the agent does for people, each verb thin over the library that the host CLI uses too."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from manage.agent import plans
from manage.agent.following import new_lines
from manage.agent.refusals import Refused
from manage.agent.verb import Call, Emit, Verb
from manage.apply import down, inputs, restart, up
from manage.apply.events import Event
from manage.apply.receipt import Receipt
from manage.engine import logs
from manage.errors import NodeyardError
from manage.host import installation
from manage.host.layout import Layout
from manage.plan import model

FOLLOW_EVERY_S = 1.0
DEFAULT_LINES = 100


def verbs(layout: Layout) -> dict[str, Verb]:
    """Every verb that reaches the engine or changes the installation at `layout`."""

    def bound(run: Callable[[Layout, Call], Mapping[str, Any]]) -> Callable[[Call], Mapping[str, Any]]:
        return lambda call: run(layout, call)

    return {
        "logs": Verb("viewer", bound(_logs), ("service", "lines", "follow")),
        "plan": Verb("viewer", bound(_plan), ("verb", "services")),
        "up": Verb("operator", bound(_up), ("services",), changes=True),
        "restart": Verb("operator", bound(_restart), ("services",), changes=True),
        "down": Verb("admin", bound(_down), changes=True),
    }


def _logs(layout: Layout, call: Call) -> Mapping[str, Any]:
    service = _given(call, "service")
    count = call.args.get("lines", DEFAULT_LINES)
    who = installation.read(layout)
    lines = list(logs.read(who, service, lines=count))
    if not call.args.get("follow", False):
        return {"service": service, "lines": lines}
    fresh: Sequence[str] = lines
    while True:
        for line in fresh:
            call.emit({"kind": "log", "service": service, "text": line})
        call.emit({"kind": "alive", "service": service, "text": ""})  # raises when nobody listens any more
        time.sleep(FOLLOW_EVERY_S)
        later = list(logs.read(who, service, lines=count))
        fresh, lines = new_lines(lines, later), later


def _plan(layout: Layout, call: Call) -> Mapping[str, Any]:
    return model.as_json(plans.of_verb(layout, _given(call, "verb"), call.args.get("services", [])))


def _up(layout: Layout, call: Call) -> Mapping[str, Any]:
    services = call.args.get("services", [])
    plans.require_kept(plans.of_verb(layout, "up", services))
    return _told(up.up(inputs.load(layout), names=services, manager=False, progress=_streamed(call.emit), by=call.by))


def _restart(layout: Layout, call: Call) -> Mapping[str, Any]:
    services = _given(call, "services")
    mine = inputs.load(layout)
    return _told(restart.restart(mine, services, manager=False, progress=_streamed(call.emit), by=call.by))


def _down(layout: Layout, call: Call) -> Mapping[str, Any]:
    return _told(down.down(inputs.load(layout), progress=_streamed(call.emit), by=call.by))


def _given(call: Call, name: str) -> Any:
    """An argument that the verb cannot do without."""
    if not call.args.get(name):
        raise Refused("usage", f"The argument {name} is missing.")
    return call.args[name]


def _streamed(emit: Emit) -> Callable[[Event], None]:
    return lambda event: emit(asdict(event))


def _told(receipt: Receipt) -> Mapping[str, Any]:
    if receipt.state not in ("healthy", "done"):
        raise NodeyardError(receipt.summary or receipt.reason, "See how it went: manage history")
    return {"change": receipt.number, "state": receipt.state, "summary": receipt.summary}
