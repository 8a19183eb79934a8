"""The routes of the password form."""

from __future__ import annotations

from flask import Blueprint, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from manage.agent.client import AgentRefused
from manage.web import sessions
from manage.web.guard import allow_before_password_change, current_visitor, sources
from manage.web.pages.password.view import form_error, password_view

blueprint = Blueprint("password", __name__)


@blueprint.get("/password")
@allow_before_password_change
def page() -> ResponseReturnValue:
    """The form; the only page for users who must change their password."""
    return _form()


@blueprint.post("/password")
@allow_before_password_change
def change() -> ResponseReturnValue:
    """Set the new password, which ends all other sessions of the user."""
    new = request.form.get("new", "")
    if error := form_error(new, request.form.get("again", "")):
        return _form(error), 400
    try:
        answer = sources().agent.call(
            "change_password",
            token=current_visitor().token,
            old=request.form.get("old", ""),
            new=new,
            address=request.remote_addr or "",
            timeout_s=20.0,
        )
    except AgentRefused as refused:
        return _form(f"{refused.message} {refused.hint}".strip()), 400
    response = redirect(url_for("overview.page"), code=303)
    g.cookie_set = True
    sessions.set_cookie(response, request, str(answer["token"]))
    return response


def _form(error: str = "") -> str:
    return render_template("password/page.html", view=password_view(current_visitor().claims, error))
