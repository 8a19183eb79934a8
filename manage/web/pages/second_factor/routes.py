"""The routes of the second factor: offer it, show its secret once, confirm it with a code."""

from __future__ import annotations

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from manage.agent.client import AgentRefused
from manage.web import person
from manage.web.guard import current_visitor
from manage.web.lanes import lane
from manage.web.pages.second_factor.view import Step, second_factor_view

blueprint = Blueprint("second_factor", __name__)


@blueprint.get("/second-factor")
@lane("person")
def page() -> ResponseReturnValue:
    """Whether there is one, and the form that begins the set-up."""
    return _offer()


@blueprint.post("/second-factor")
@lane("person")
def start() -> ResponseReturnValue:
    """Check the password; then show the secret, this once."""
    try:
        made = person.call("start_enrolment", password=request.form.get("answer", ""), timeout_s=20.0)
    except AgentRefused as refused:
        return _offer(_sentence(refused)), 400
    return _page("confirm", secret=str(made["secret"]), uri=str(made["uri"]))


@blueprint.post("/second-factor/confirm")
@lane("person")
def confirm() -> ResponseReturnValue:
    """Check the first code; from then on, changes ask for one."""
    try:
        person.call("finish_enrolment", answer=request.form.get("answer", ""))
    except AgentRefused as refused:
        error = _sentence(refused)
        return (_page("confirm", error=error) if refused.kind in ("answer", "throttled") else _offer(error)), 400
    return redirect(url_for("second_factor.page"), code=303)


def _offer(error: str = "") -> str:
    state = person.call("second_factor")
    return _page("done" if state["enrolled"] else "offer", required=bool(state["required"]), error=error)


def _page(step: Step, *, required: bool = False, secret: str = "", uri: str = "", error: str = "") -> str:
    name = current_visitor().claims.name
    view = second_factor_view(name, step, required=required, secret=secret, uri=uri, error=error)
    return render_template("second_factor/page.html", view=view)


def _sentence(refused: AgentRefused) -> str:
    return f"{refused.message} {refused.hint}".strip()
