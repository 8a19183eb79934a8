"""The dashboard as a Flask application."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from flask import Flask, g, request
from jinja2 import ChoiceLoader, FileSystemLoader, PrefixLoader

from manage import commands
from manage.errors import NodeyardError
from manage.installation.layout import DEFAULT_DIR, Layout
from manage.web import addresses, assets, guard, health, times
from manage.web.door import Address, Door, from_environment
from manage.web.pages import PAGES
from manage.web.pages import page as page_list
from manage.web.pages.page import Page
from manage.web.sessions import FormGuard
from manage.web.sources import Sources
from manage.web.verdict_icons import ICONS

_LARGEST_FORM_BYTES = 64 * 1024


def create_app(
    layout: Layout | None = None,
    clock: Callable[[], float] = time.time,
    pages: Sequence[Page] = PAGES,
    address: Address | None = None,
    peers: Callable[[], frozenset[str]] | None = None,
) -> Flask:
    """The application for the installation at `layout` (by default the folder that NODEYARD_DIR names).

    It answers under the names of `address` (by default those of the environment) and to `peers` (by default to any).
    It starts no thread: `manage.web.wsgi` refreshes the sources in the background, tests refresh them by hand.
    """
    where = layout or Layout(Path(os.environ.get("NODEYARD_DIR", DEFAULT_DIR)))
    app = Flask(__name__, static_folder=None)
    app.config["MAX_CONTENT_LENGTH"] = _LARGEST_FORM_BYTES
    app.extensions["sources"] = Sources(where, clock)
    app.extensions["form_guard"] = FormGuard()
    app.extensions["trusted_proxies"] = addresses.parse(os.environ.get("TRUSTED_PROXIES", ""))
    app.jinja_loader = ChoiceLoader(
        [
            FileSystemLoader(Path(__file__).with_name("templates")),
            PrefixLoader({page.name: FileSystemLoader(page.folder) for page in pages}),
        ]
    )
    with_directory = _with_directory(where.directory_to_name)
    app.jinja_env.finalize = with_directory
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    app.jinja_env.filters.update(utc=times.utc, iso=times.iso, ago=times.ago, with_directory=with_directory)
    app.jinja_env.globals.update(
        ICONS=ICONS,
        SEARCH=page_list.SEARCH,
        HELP=page_list.HELP,
        navigation=page_list.navigation(pages),
        shortcuts=page_list.shortcuts(pages),
    )
    app.url_map.merge_slashes = False  # the redirect would name scheme and host
    app.wsgi_app = Door(app.wsgi_app, address or from_environment(os.environ), peers)  # type: ignore[method-assign]
    assets.install(app, pages)
    guard.install(app)
    app.register_blueprint(health.blueprint)
    for page in pages:
        app.register_blueprint(page.blueprint)
    by_name = {page.name: page for page in pages}
    app.context_processor(lambda: _context(by_name.get(request.blueprint or "")))
    return app


def _with_directory(directory: str) -> Callable[[object], object]:
    """Makes commands in a text name the folder of this installation; applied to every value that a template prints.

    Jinja escapes a constant before this sees it, so templates use it as a filter there. Markup stays as it is:
    templates escape log lines themselves, which are shown verbatim.
    """
    return lambda value: commands.with_directory(value, directory) if type(value) is str else value


def _context(page: Page | None) -> dict[str, Any]:
    """The variables that every template has."""
    sources = guard.sources()
    try:
        snapshot = sources.snapshot()
        installation = f"{snapshot.name} · {snapshot.network}"
    except NodeyardError:
        installation = ""
    claims = g.visitor.claims if g.get("visitor") else None
    return {
        "page": page,
        "installation": installation,
        "claims": claims,
        "csrf": claims.csrf if claims else "",
        "agent_answers": sources.agent_answers,
        "now": sources.clock(),
    }
