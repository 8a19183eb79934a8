"""The routes of signing in and out."""

from __future__ import annotations

import secrets

from flask import Blueprint, Response, g, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from manage.agent.client import AgentRefused, AgentUnreachable
from manage.errors import NodeyardError
from manage.web import sessions
from manage.web.guard import allow_before_password_change, current_visitor, form_guard, public, sources
from manage.web.pages.sign_in.view import AGENT_AWAY, EXPIRED, STILL_SIGNED_IN, path_on_this_site, refusal

blueprint = Blueprint("sign_in", __name__)


@blueprint.get("/login")
@public
def page() -> ResponseReturnValue:
    """The form."""
    return _form()


@blueprint.post("/login")
@public
def sign_in() -> ResponseReturnValue:
    """Check name and password; then redirect to the page that was wanted, or to the password page."""
    if not form_guard().accepts(request, request.form.get("csrf", "")):
        return _form(EXPIRED, status=400)
    try:
        answer = sources().agent.call(
            "login",
            name=request.form.get("name", ""),
            password=request.form.get("password", ""),
            address=request.remote_addr or "",
            timeout_s=20.0,  # the agent checks two passwords at a time, so others may come first
        )
    except AgentUnreachable:
        return _form(AGENT_AWAY, status=503)
    except AgentRefused as refused:
        message, status = refusal(refused)
        return _form(message, status=status)
    response = redirect(url_for("password.page") if answer["must_change"] else _wanted(), code=303)
    g.cookie_set = True
    sessions.set_cookie(response, request, str(answer["token"]))
    return response


@blueprint.get("/session")
@public
def session() -> ResponseReturnValue:
    """Whether this browser is signed in. The form asks, because a link from another site sends no cookie."""
    return {"signed_in": sessions.authenticate(request, sources()) is not None}


@blueprint.post("/logout")
@allow_before_password_change
def sign_out() -> ResponseReturnValue:
    """End the session in this browser, and everywhere if the agent answers."""
    response = redirect(url_for("sign_in.page"), code=303)
    g.cookie_set = True
    sessions.delete_cookie(response, request)
    try:
        sources().agent.call("logout", token=current_visitor().token, address=request.remote_addr or "")
    except NodeyardError:
        return _form(STILL_SIGNED_IN)
    return response


def _form(error: str = "", *, status: int = 200) -> Response:
    nonce = secrets.token_urlsafe(24)
    body = render_template("sign_in/page.html", error=error, form_token=form_guard().token(nonce), wanted=_wanted())
    response = make_response(body, status)
    form_guard().set_cookie(response, request, nonce)
    return response


def _wanted() -> str:
    return path_on_this_site(request.values.get("next", "")) or url_for("overview.page")
