"""Checks before every request (session, role, CSRF) and headers on every answer.

A route without a decorator of this module is for everyone who is signed in.
"""

from __future__ import annotations

import hmac
from collections.abc import Callable
from typing import Literal, TypeVar

from flask import Flask, Response, abort, current_app, g, redirect, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from manage.access import roles
from manage.access.roles import Role
from manage.web import sessions
from manage.web.sessions import FormGuard, Visitor
from manage.web.sources import Sources

View = TypeVar("View", bound=Callable[..., object])

HEADERS = {
    # Load everything from this origin: no inline script or style, no frame, no plug-in.
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    # With no-referrer, browsers would send "Origin: null" with our own forms.
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}
_READING = ("GET", "HEAD", "OPTIONS")


def public(view: View) -> View:
    """Needs no session. A form of such a route checks its own token with `FormGuard`."""
    view.access = "public"  # type: ignore[attr-defined]
    return view


def require_role(role: Role) -> Callable[[View], View]:
    """Refuse everyone below `role` with 403."""

    def mark(view: View) -> View:
        view.access = role  # type: ignore[attr-defined]
        return view

    return mark


def allow_before_password_change(view: View) -> View:
    """Answer users, too, who must change their password before anything else."""
    view.before_password_change = True  # type: ignore[attr-defined]
    return view


def sources() -> Sources:
    """The facts of this app."""
    found: Sources = current_app.extensions["sources"]
    return found


def form_guard() -> FormGuard:
    """The guard of this app's sign-in form."""
    found: FormGuard = current_app.extensions["form_guard"]
    return found


def current_visitor() -> Visitor:
    """The signed-in user of this request; not for public routes."""
    visitor: Visitor = g.visitor
    return visitor


def install(app: Flask) -> None:
    """Run the checks before every request of `app`, and add the headers after it."""
    app.before_request(_check_request)
    app.after_request(_add_headers)


def _check_request() -> BaseResponse | None:
    g.visitor = None
    if request.endpoint is None or request.endpoint == "static":
        return None
    view = current_app.view_functions[request.endpoint]
    _require_same_origin()
    access: Role | Literal["public"] = getattr(view, "access", "viewer")
    if access == "public":
        return None
    g.visitor = sessions.authenticate(request, sources())
    if g.visitor is None:
        return _redirect_to_sign_in()
    claims = g.visitor.claims
    if request.method not in _READING and not _is_csrf_token(claims.csrf):
        abort(403, "This form belongs to another session. Go back, reload the page and try again.")
    if claims.must_change and not getattr(view, "before_password_change", False):
        return redirect(url_for("password.page"))
    if not roles.may(claims.role, access):
        abort(403, f"{claims.name} is {claims.role}; this needs {access}. Ask an admin.")
    return None


def _require_same_origin() -> None:
    """403 for a form of another site: browsers send the origin of a form along, with scheme and port."""
    origin = request.headers.get("Origin")
    if request.method not in _READING and origin is not None and origin != request.host_url.rstrip("/"):
        abort(403, "This form comes from another site.")


def _is_csrf_token(expected: str) -> bool:
    return hmac.compare_digest(expected.encode(), request.form.get("csrf", "").encode())


def _redirect_to_sign_in() -> BaseResponse:
    if request.method not in _READING:
        abort(403, "You are not signed in. Sign in and try again.")
    if request.headers.get("X-Partial"):
        abort(401, "Sign in again.")
    return redirect(url_for("sign_in.page", next=request.full_path.rstrip("?")))


def _add_headers(response: Response) -> Response:
    for name, value in HEADERS.items():
        response.headers.setdefault(name, value)
    if request.endpoint != "static":
        response.headers["Cache-Control"] = "no-store"
    visitor: Visitor | None = g.get("visitor")
    if visitor is not None and visitor.renewed and not g.get("cookie_set"):
        sessions.set_cookie(response, request, visitor.token)
    return response
