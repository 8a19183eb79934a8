"""Changes: the plan first, one button that says what it does, then the progress."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, abort, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from manage import words
from manage.agent import roles
from manage.agent.roles import Role
from manage.errors import NodeyardError
from manage.web.guard import feeds, me, needs

pages = Blueprint("acts", __name__)

VERBS: dict[str, Role] = {"restart": "operator", "up": "operator", "down": "admin"}
"""What a page may ask for, and the role that it needs; the agent has the last word."""


@pages.get("/plan")
def plan() -> ResponseReturnValue:
    """What a change would do: each operation with its cause, downtime, data and way back."""
    verb, services = _asked(request.args.get("verb", ""), request.args.getlist("service"))
    answer = feeds().agent.call("plan", token=me().token, verb=verb, services=services, timeout_s=60.0)
    operations = answer["operations"]
    return render_template(
        "plan/page.html",
        verb=verb,
        services=services,
        operations=operations,
        button=button(verb, services, operations),
        heading=_heading(verb, services),
        allowed=roles.may(me().claims.role, VERBS[verb]),
        needed=VERBS[verb],
    )


@pages.post("/act")
@needs("operator")
def act() -> ResponseReturnValue:
    """Begin a change; its progress has a page of its own."""
    verb, services = _asked(request.form.get("verb", ""), request.form.getlist("service"))
    if not roles.may(me().claims.role, VERBS[verb]):
        abort(403, f"{me().claims.name} is {me().claims.role}; {verb} needs {VERBS[verb]}. Ask an admin.")
    args: dict[str, Any] = {} if verb == "down" else {"services": services}
    begun = feeds().agent.stream(verb, token=me().token, address=request.remote_addr or "", timeout_s=20.0, **args)
    for message in begun:  # the first event names the operation; it goes on without us
        if "id" in message.get("event", {}):
            return redirect(url_for("acts.page", id=message["event"]["id"]), code=303)
    raise NodeyardError("The agent did not say what it began.", "See what ran with: manage history")


@pages.get("/acts/<id>")
def page(id: str) -> ResponseReturnValue:
    """The progress of a change."""
    return render_template("progress/page.html", **_progress(id))


@pages.get("/acts/<id>/rows")
def rows(id: str) -> ResponseReturnValue:
    """What of the page changes."""
    return render_template("progress/partial.html", **_progress(id))


def button(verb: str, services: list[str], operations: list[dict[str, Any]]) -> str:
    """What the one button says: "Restart bitcoind, about 40 s"."""
    seconds = sum(operation["downtime_s"] for operation in operations)
    about = f", about {f'{seconds} s' if seconds < 60 else words.duration(seconds)}" if seconds else ""
    match verb:
        case "restart":
            return f"Restart {words.listing(services)}{about}"
        case "down":
            return f"Stop {words.plural(len(operations), 'service')}"
    if all(operation["kind"] == "create" for operation in operations):
        return f"Start {words.plural(len(operations), 'service')}{about}"
    return f"Apply {words.plural(len(operations), 'change')}{about}"


def title(kind: str, services: list[str], state: str) -> str:
    """What a change is doing or has done: "Restarting kaspad", "kaspad was restarted", "Restarting kaspad failed"."""
    whom = words.listing(services) if services else "the stack"
    doing, done = {
        "restart": (f"Restarting {whom}", f"{whom} {'was' if len(services) == 1 else 'were'} restarted"),
        "down": ("Stopping the stack", "The stack was stopped"),
    }.get(kind, (f"Making {whom} what stack.yml says", f"{whom[0].upper()}{whom[1:]} is what stack.yml says"))
    return {"running": doing, "done": done}.get(state, f"{doing} failed")


def _heading(verb: str, services: list[str]) -> str:
    match verb:
        case "restart":
            return f"Restart {words.listing(services)}?"
        case "down":
            return "Stop the stack?"
    return f"Make {words.listing(services)} what stack.yml says?" if services else "Make the stack what stack.yml says?"


def _asked(verb: str, services: list[str]) -> tuple[str, list[str]]:
    if verb not in VERBS:
        abort(400, "There is no such change. A plan is for one of: restart, up, down.")
    if verb == "restart" and not services:
        abort(400, "A restart names the service to restart.")
    return verb, services


def _progress(id: str) -> dict[str, Any]:
    act = feeds().agent.call("progress", token=me().token, id=id)
    return {"act": act, "title": title(act["kind"], act["services"], act["state"])}
