"""Signing in, signing out, changing the password."""

from __future__ import annotations

import re
import secrets

from flask import Blueprint, Response, g, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from werkzeug.wrappers import Response as BaseResponse

from manage.agent.client import AgentRefused, AgentUnreachable
from manage.errors import NodeyardError
from manage.web import sessions
from manage.web.guard import before_password_change, feeds, form_guard, me, open_to_all

pages = Blueprint("auth", __name__)

_OWN_PATH = re.compile(r"/(?![/\\])[^\s\\]*")
"""A path on this site: nothing that a browser could take for another host."""


@pages.get("/login")
@open_to_all
def login() -> ResponseReturnValue:
    """The form."""
    return _login_form()


@pages.post("/login")
@open_to_all
def enter() -> ResponseReturnValue:
    """A name and a password; then on to where the visitor wanted to go, or to the password page."""
    name = request.form.get("name", "")
    if not form_guard().holds(request, request.form.get("csrf", "")):
        return _login_form("This page was open for too long. Try again.", status=400)
    try:
        answer = feeds().agent.call(
            "login",
            name=name,
            password=request.form.get("password", ""),
            address=request.remote_addr or "",
            timeout_s=20.0,  # others may be in front of us: two passwords are checked at a time
        )
    except AgentUnreachable:
        return _login_form("The agent does not answer, so nobody can sign in. On the host: manage up", status=503)
    except AgentRefused as refused:
        return _login_form(f"{refused.message} {refused.hint}", status=429 if refused.kind == "throttled" else 403)
    target = url_for("auth.password") if answer["must_change"] else _wanted()
    return _signed_in(redirect(target, code=303), str(answer["token"]))


@pages.get("/session")
@open_to_all
def session() -> ResponseReturnValue:
    """Whether this browser is signed in; the login page asks, because a link from another site brings no cookie."""
    return {"signed_in": sessions.visitor(request, feeds()) is not None}


@pages.post("/logout")
@before_password_change
def leave() -> ResponseReturnValue:
    """End the session, here at least; the agent ends it everywhere."""
    response = redirect(url_for("auth.login"), code=303)
    g.cookie_set = True
    sessions.forget(response, request)
    try:
        feeds().agent.call("logout", token=me().token, address=request.remote_addr or "")
    except NodeyardError:
        return _login_form("Signed out in this browser. The agent does not answer: elsewhere the session lasts on.")
    return response


@pages.get("/password")
@before_password_change
def password() -> ResponseReturnValue:
    """The form; the only page there is for those who must change theirs."""
    return render_template("password/page.html", fault="")


@pages.post("/password")
@before_password_change
def change() -> ResponseReturnValue:
    """A new password; all other sessions end."""
    new = request.form.get("new", "")
    if new != request.form.get("again", ""):
        return render_template("password/page.html", fault="The two new passwords are not the same."), 400
    try:
        answer = feeds().agent.call(
            "change_password",
            token=me().token,
            old=request.form.get("old", ""),
            new=new,
            address=request.remote_addr or "",
            timeout_s=20.0,
        )
    except AgentRefused as refused:
        return render_template("password/page.html", fault=f"{refused.message} {refused.hint}".strip()), 400
    return _signed_in(redirect(url_for("overview.page"), code=303), str(answer["token"]))


def _login_form(fault: str = "", *, status: int = 200) -> Response:
    nonce = secrets.token_urlsafe(24)
    body = render_template("sign_in/page.html", fault=fault, form_token=form_guard().token(nonce), wanted=_wanted())
    response = make_response(body, status)
    form_guard().open(response, request, nonce)
    return response


def _signed_in(response: BaseResponse, token: str) -> BaseResponse:
    g.cookie_set = True
    sessions.keep(response, request, token)
    return response


def _wanted() -> str:
    given = request.values.get("next", "")
    return given if _OWN_PATH.fullmatch(given) else url_for("overview.page")
