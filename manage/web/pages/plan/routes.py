"""The routes of a plan: show it, and apply it once the user confirms it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from flask import Blueprint, abort, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from werkzeug.datastructures import MultiDict

from manage.access import roles
from manage.agent.client import AgentRefused
from manage.errors import NodeyardError
from manage.web import person
from manage.web.guard import current_visitor, require_role
from manage.web.lanes import Turns, lane
from manage.web.pages.plan.change import ROLES, Change
from manage.web.pages.plan.view import NOTES, plan_view

blueprint = Blueprint("plan", __name__)
_plans = Turns("A plan")
_changes = Turns("A change")
PLAN_S = 20.0
"""How long a plan may take: the agent asks the engine, which is slow on a busy machine."""


@blueprint.get("/plan")
@lane("plans")
def page() -> ResponseReturnValue:
    """What a change would do: each operation with its cause, downtime, risk for the data and rollback."""
    with _plans.turn(current_visitor().claims.name):
        return _plan(_require_change(request.args), note=NOTES.get(request.args.get("note", ""), ""))


@blueprint.post("/act")
@lane("plans")
@require_role("operator")
def apply() -> ResponseReturnValue:
    """Begin the change and redirect to its progress; if it was not confirmed, show the plan and ask again."""
    change = _require_change(request.form)
    claims = current_visitor().claims
    if not roles.may(claims.role, ROLES[change.verb]):
        abort(403, f"{claims.name} is {claims.role}; {change.verb} needs {ROLES[change.verb]}. Ask an admin.")
    try:
        with _changes.turn(claims.name):
            id = _begin(change)
    except AgentRefused as refused:
        match refused.kind:
            case "answer" | "throttled":
                status = 429 if refused.kind == "throttled" else 403
                return _plan(change, error=f"{refused.message} {refused.hint}".strip()), status
            case "changed" | "challenge":
                note = "changed" if refused.kind == "changed" else "expired"
                return redirect(url_for("plan.page", **change.query(), note=note), code=303)
        raise
    return redirect(url_for("progress.page", id=id), code=303)


def _plan(change: Change, *, note: str = "", error: str = "") -> str:
    role = current_visitor().claims.role
    answer = person.call("plan", verb=change.verb, services=list(change.services), timeout_s=PLAN_S)
    view = plan_view(change, answer, role, note=note, error=error)
    if view.rows and view.is_allowed:
        view = replace(view, challenge=_challenge(change, view.digest))
    return render_template("plan/page.html", view=view)


def _challenge(change: Change, digest: str) -> Mapping[str, Any]:
    """What the user confirms this plan with; {} if they must set up a second factor first."""
    try:
        return person.call("challenge", verb=change.verb, plan=digest, **change.args())
    except AgentRefused as refused:
        if refused.kind == "second_factor":
            return {}
        raise


def _begin(change: Change) -> str:
    """The id of the operation, which goes on without this request. Raises AgentRefused and AgentUnreachable."""
    confirmed = {name: request.form[name] for name in ("plan", "challenge", "answer") if request.form.get(name)}
    for message in person.stream(change.verb, timeout_s=20.0, **confirmed, **change.args()):
        if "id" in message.get("event", {}):
            return str(message["event"]["id"])
    raise NodeyardError("The agent did not name the operation it began.", "To see what ran, run: manage history")


def _require_change(given: MultiDict[str, str]) -> Change:
    verb, services = given.get("verb", ""), given.getlist("service")
    if verb not in ROLES:
        abort(400, f"Unknown change. Expected one of: {', '.join(ROLES)}.")
    if verb == "restart" and not services:
        abort(400, "The name of the service to restart is missing.")
    return Change(verb, tuple(services))
