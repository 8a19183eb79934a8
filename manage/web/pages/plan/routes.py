"""The routes of a plan: show it, and apply it once the user confirms it."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, abort, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from werkzeug.datastructures import MultiDict

from manage.access import roles
from manage.agent.client import AgentRefused
from manage.errors import NodeyardError
from manage.web.guard import current_visitor, require_role, sources
from manage.web.pages.plan.change import ROLES, Change
from manage.web.pages.plan.view import plan_view

blueprint = Blueprint("plan", __name__)


@blueprint.get("/plan")
def page() -> ResponseReturnValue:
    """What a change would do: each operation with its cause, downtime, risk for the data and rollback."""
    change = _require_change(request.args)
    answer = sources().agent.call(
        "plan", token=current_visitor().token, verb=change.verb, services=list(change.services), timeout_s=60.0
    )
    view = plan_view(change, answer, current_visitor().claims.role, has_changed="changed" in request.args)
    return render_template("plan/page.html", view=view)


@blueprint.post("/act")
@require_role("operator")
def apply() -> ResponseReturnValue:
    """Begin the change and redirect to its progress; if the plan has changed since it was shown, show the new one."""
    change = _require_change(request.form)
    claims = current_visitor().claims
    if not roles.may(claims.role, ROLES[change.verb]):
        abort(403, f"{claims.name} is {claims.role}; {change.verb} needs {ROLES[change.verb]}. Ask an admin.")
    try:
        id = _begin(change, request.form.get("plan", ""))
    except AgentRefused as refused:
        if refused.kind != "changed":
            raise
        return redirect(url_for("plan.page", **change.query(), changed=1), code=303)
    return redirect(url_for("progress.page", id=id), code=303)


def _begin(change: Change, digest: str) -> str:
    """The id of the operation, which goes on without this request. Raises AgentRefused and AgentUnreachable."""
    args: dict[str, Any] = {} if change.verb == "down" else {"services": list(change.services)}
    if digest:
        args["plan"] = digest
    visitor = current_visitor()
    address = request.remote_addr or ""
    for message in sources().agent.stream(change.verb, token=visitor.token, address=address, timeout_s=20.0, **args):
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
