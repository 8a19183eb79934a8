"""What stands before every page: headers, session, role, CSRF. A route that says nothing is for signed-in viewers."""

from __future__ import annotations

import hmac
from collections.abc import Callable
from typing import Literal, TypeVar
from urllib.parse import urlsplit

from flask import Flask, Response, abort, current_app, g, redirect, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from manage.agent import roles
from manage.agent.roles import Role
from manage.web import sessions
from manage.web.sessions import FormGuard, Visitor
from manage.web.sources import Feeds

View = TypeVar("View", bound=Callable[..., object])

HEADERS = {
    # Everything from this origin or not at all: no inline script or style, no frame, no plug-in.
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    # Not no-referrer: with it browsers send "Origin: null" along with our own forms.
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}
_READING = ("GET", "HEAD", "OPTIONS")


def open_to_all(view: View) -> View:
    """No session needed. A form behind it guards itself with `FormGuard`."""
    view.access = "open"  # type: ignore[attr-defined]
    return view


def needs(role: Role) -> Callable[[View], View]:
    """Only for `role` and above."""

    def mark(view: View) -> View:
        view.access = role  # type: ignore[attr-defined]
        return view

    return mark


def before_password_change(view: View) -> View:
    """Also for those who must change their password first."""
    view.before_change = True  # type: ignore[attr-defined]
    return view


def feeds() -> Feeds:
    """The app's feeds."""
    found: Feeds = current_app.extensions["feeds"]
    return found


def form_guard() -> FormGuard:
    found: FormGuard = current_app.extensions["form_guard"]
    return found


def me() -> Visitor:
    """Who is signed in; only behind a guarded route."""
    visitor: Visitor = g.visitor
    return visitor


def install(app: Flask) -> None:
    """Put the guard before and after every request of `app`."""
    app.before_request(_admit)
    app.after_request(_seal)


def _admit() -> BaseResponse | None:
    g.visitor = None
    if request.endpoint is None or request.endpoint == "static":
        return None
    view = current_app.view_functions[request.endpoint]
    _same_origin()
    access: Role | Literal["open"] = getattr(view, "access", "viewer")
    if access == "open":
        return None
    g.visitor = sessions.visitor(request, feeds())
    if g.visitor is None:
        return _to_login()
    claims = g.visitor.claims
    if request.method not in _READING and not _csrf_holds(claims.csrf):
        abort(403, "This form is not from this session. Go back, reload the page and try again.")
    if claims.must_change and not getattr(view, "before_change", False):
        return redirect(url_for("auth.password"))
    if not roles.may(claims.role, access):
        abort(403, f"{claims.name} is {claims.role}; this needs {access}. Ask an admin.")
    return None


def _same_origin() -> None:
    """Browsers name the origin of a form; ours come from ourselves."""
    origin = request.headers.get("Origin")
    if request.method not in _READING and origin is not None and urlsplit(origin).netloc != request.host:
        abort(403, "This form comes from another site.")


def _csrf_holds(expected: str) -> bool:
    return hmac.compare_digest(expected.encode(), request.form.get("csrf", "").encode())


def _to_login() -> BaseResponse:
    if request.method not in _READING:
        abort(403, "You are not signed in (any more). Sign in and try again.")
    if request.headers.get("X-Partial"):
        abort(401, "Sign in again.")
    return redirect(url_for("auth.login", next=request.full_path.rstrip("?")))


def _seal(response: Response) -> Response:
    for name, value in HEADERS.items():
        response.headers.setdefault(name, value)
    if request.endpoint != "static":
        response.headers["Cache-Control"] = "no-store"
    visitor: Visitor | None = g.get("visitor")
    if visitor is not None and visitor.renewed and not g.get("cookie_set"):
        sessions.keep(response, request, visitor.token)
    return response
