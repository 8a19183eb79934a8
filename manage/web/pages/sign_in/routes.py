"""The routes of signing in and out."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from typing import Any

from flask import Blueprint, Response, g, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from manage.agent.client import AgentRefused, AgentUnreachable
from manage.errors import NodeyardError
from manage.web import device_cookie, person, sessions
from manage.web.guard import allow_before_password_change, form_guard, public, sources
from manage.web.lanes import lane
from manage.web.pages.sign_in.view import AGENT_AWAY, EXPIRED, STILL_SIGNED_IN, path_on_this_site, refusal

blueprint = Blueprint("sign_in", __name__)


@blueprint.get("/login")
@public
def page() -> ResponseReturnValue:
    """The form."""
    return _form()


@blueprint.post("/login")
@lane(device_cookie.lane)
@public
def sign_in() -> ResponseReturnValue:
    """Check name and password; then redirect to the page that was wanted, or to the password page."""
    if not form_guard().accepts(request, request.form.get("csrf", "")):
        return _form(EXPIRED, status=400)
    name = request.form.get("name", "")
    try:
        answer = sources().agent.call(
            "login",
            name=name,
            password=request.form.get("password", ""),
            device=request.form.get("code", "").strip() or device_cookie.read(request, name),
            address=person.address(),
            timeout_s=20.0,  # the agent checks two passwords at a time, so others may come first
        )
    except AgentUnreachable:
        return _form(AGENT_AWAY, status=503)
    except AgentRefused as refused:
        message, status = refusal(refused)
        return _form(message, status=status, needs_code=bool(refused.detail.get("needs_code")))
    response = redirect(_next(answer), code=303)
    g.cookie_set = True
    sessions.set_cookie(response, request, str(answer["token"]))
    device_cookie.write(response, request, name, str(answer["device"]))
    return response


@blueprint.get("/session")
@public
def session() -> ResponseReturnValue:
    """Whether this browser is signed in. The form asks, because a link from another site sends no cookie."""
    return {"signed_in": sessions.authenticate(request, sources()) is not None}


@blueprint.post("/logout")
@lane("person")
@allow_before_password_change
def sign_out() -> ResponseReturnValue:
    """End the session in this browser, and everywhere if the agent answers."""
    response = redirect(url_for("sign_in.page"), code=303)
    g.cookie_set = True
    sessions.delete_cookie(response, request)
    try:
        person.call("logout")
    except NodeyardError:
        return _form(STILL_SIGNED_IN)
    return response


def _form(error: str = "", *, status: int = 200, needs_code: bool = False) -> Response:
    nonce = secrets.token_urlsafe(24)
    token = form_guard().token(nonce)
    body = render_template("sign_in/page.html", error=error, form_token=token, wanted=_wanted(), needs_code=needs_code)
    response = make_response(body, status)
    form_guard().set_cookie(response, request, nonce)
    return response


def _next(answer: Mapping[str, Any]) -> str:
    """Where the agent's answer leads: to what must be done first, else to the page that was wanted."""
    if answer["must_change"]:
        return url_for("password.page")
    return url_for("second_factor.page") if answer["must_enrol"] else _wanted()


def _wanted() -> str:
    return path_on_this_site(request.values.get("next", "")) or url_for("overview.page")
