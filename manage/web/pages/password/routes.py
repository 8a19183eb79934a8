"""The routes of the password form."""

from __future__ import annotations

from flask import Blueprint, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from manage.agent.client import AgentRefused
from manage.errors import NodeyardError
from manage.web import person, sessions
from manage.web.guard import allow_before_password_change, current_visitor
from manage.web.lanes import lane
from manage.web.pages.password.view import form_error, password_view

blueprint = Blueprint("password", __name__)


@blueprint.get("/password")
@lane("person")
@allow_before_password_change
def page() -> ResponseReturnValue:
    """The form; the only page for users who must change their password."""
    return _form()


@blueprint.post("/password")
@lane("person")
@allow_before_password_change
def change() -> ResponseReturnValue:
    """Set the new password, which ends all other sessions of the user."""
    new = request.form.get("new", "")
    if error := form_error(new, request.form.get("again", "")):
        return _form(error), 400
    try:
        answer = person.call(
            "change_password",
            old=request.form.get("old", ""),
            new=new,
            answer=request.form.get("answer", ""),
            timeout_s=20.0,
        )
    except AgentRefused as refused:
        return _form(f"{refused.message} {refused.hint}".strip()), 400
    first = current_visitor().claims.must_change and not answer["enrolled"]
    response = redirect(url_for("second_factor.page" if first else "overview.page"), code=303)
    g.cookie_set = True
    sessions.set_cookie(response, request, str(answer["token"]))
    return response


def _form(error: str = "") -> str:
    try:
        enrolled = bool(person.call("second_factor")["enrolled"])
    except NodeyardError:
        enrolled = False  # the form shows; the agent refuses the change and says why
    return render_template("password/page.html", view=password_view(current_visitor().claims, error, enrolled=enrolled))
