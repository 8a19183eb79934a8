"""The dashboard as a Flask application."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Any

from flask import Flask, g, render_template, request, url_for
from jinja2 import FileSystemLoader
from werkzeug.exceptions import HTTPException

from manage.agent import roles
from manage.agent.client import AgentRefused, AgentUnreachable
from manage.errors import NodeyardError
from manage.host.layout import DEFAULT_DIR, Layout
from manage.web import guard, timeline, times
from manage.web.pages.logs import routes as logs
from manage.web.pages.overview import routes as overview
from manage.web.pages.plan import routes as acts
from manage.web.pages.service import routes as service
from manage.web.pages.sign_in import routes as auth
from manage.web.sessions import FormGuard
from manage.web.sources import Feeds

_LONGEST_FORM = 64 * 1024


def create_app(layout: Layout | None = None, clock: Callable[[], float] = time.time) -> Flask:
    """The application for the installation at `layout` (else the folder that NODEYARD_DIR names).

    It starts no thread: `manage.web.wsgi` lets the feeds run, tests refresh them by hand.
    """
    where = layout or Layout(Path(os.environ.get("NODEYARD_DIR", DEFAULT_DIR)))
    app = Flask(__name__)
    app.jinja_loader = FileSystemLoader([Path(__file__).with_name("templates"), Path(__file__).with_name("pages")])
    app.config["MAX_CONTENT_LENGTH"] = _LONGEST_FORM
    app.extensions["feeds"] = Feeds(where, clock)
    app.extensions["form_guard"] = FormGuard()
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    app.jinja_env.filters.update(utc=times.utc, iso=times.iso, ago=times.ago)
    app.jinja_env.globals.update(SHAPES=timeline.SHAPES, asset=_assets(app))
    guard.install(app)
    for views in (auth, overview, service, logs, acts):
        app.register_blueprint(views.pages)
    app.register_error_handler(HTTPException, _http_error)
    app.register_error_handler(NodeyardError, _said)
    app.context_processor(_everywhere)
    return app


def _everywhere() -> dict[str, Any]:
    """What every page knows."""
    feeds = guard.feeds()
    try:
        snapshot = feeds.snapshot()
        place = f"{snapshot.name} · {snapshot.network}"
    except NodeyardError:
        place = ""
    claims = g.visitor.claims if g.get("visitor") else None
    return {
        "place": place,
        "claims": claims,
        "csrf": claims.csrf if claims else "",
        "may": lambda role: claims is not None and roles.may(claims.role, role),
        "agent_answers": feeds.agent_answers,
        "now": feeds.clock(),
    }


def _assets(app: Flask) -> Callable[[str], str]:
    """URLs of static files that change with their content, so that browsers may keep them for ever."""
    folder = Path(str(app.static_folder))
    digests = {path.name: sha256(path.read_bytes()).hexdigest()[:12] for path in folder.iterdir() if path.is_file()}
    app.config["SEND_FILE_MAX_AGE_DEFAULT"] = 365 * 24 * 3600
    return lambda name: url_for("static", filename=name, v=digests[name])


def _http_error(error: HTTPException) -> tuple[str, int]:
    words = {
        401: ("You are signed out.", "Sign in again."),
        404: ("There is no such page.", "The overview has all there is."),
        405: ("This page takes no such request.", "Start again at the overview."),
        413: ("That was too much for this form.", "Send less."),
        500: ("Something went wrong here.", "The dashboard's log says what: manage logs dashboard"),
    }
    message, hint = words.get(error.code or 500, (error.description or "This was refused.", ""))
    return _page(message, hint, error.code or 500)


def _said(error: NodeyardError) -> tuple[str, int]:
    """A sentence of ours: from the agent, from the snapshot, from `why`."""
    if isinstance(error, AgentUnreachable):
        guard.feeds().agent_answers = False
        return _page(error.message, error.hint, 503)
    if isinstance(error, AgentRefused):
        status = {"session": 403, "role": 403, "busy": 409, "throttled": 429, "usage": 400}.get(error.kind, 502)
        return _page(error.message, error.hint, status)
    return _page(error.message, error.hint, 404)


def _page(message: str, hint: str, status: int) -> tuple[str, int]:
    if request.headers.get("X-Partial"):
        return f"{message} {hint}".strip(), status
    return render_template("error/page.html", message=message, hint=hint), status
