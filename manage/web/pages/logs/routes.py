"""Log lines, fetched by the agent."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from flask import Blueprint, abort, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from manage.agent.verb import MOST_LINES
from manage.errors import NodeyardError
from manage.web.guard import feeds, me

pages = Blueprint("logs", __name__)

CHOICES = (100, 200, 500, 2000)
_SERVICE = re.compile(r"[a-z][a-z0-9-]{0,40}")
_LEVELS: Mapping[str, re.Pattern[str]] = {
    "error": re.compile(r"\b(error|fatal|panic|emerg|alert|crit(ical)?|exception|traceback)\b", re.I),
    "warning": re.compile(r"\bwarn(ing)?\b", re.I),
}


@dataclass(frozen=True)
class Line:
    at: str
    """As the engine stamped it, "" when it did not."""
    text: str
    level: str
    """"error", "warning" or ""."""


@pages.get("/logs")
def index() -> ResponseReturnValue:
    """The first service's log; the page itself offers the others."""
    names = _names()
    if not names:
        raise NodeyardError("There is no service whose log could be shown.", "Start the stack with: manage up")
    return redirect(url_for("logs.page", name=names[0]))


@pages.get("/logs/<name>")
def page(name: str) -> ResponseReturnValue:
    """The last `lines` lines of a service."""
    return render_template("logs/page.html", names=_names(), choices=CHOICES, **_context(name))


@pages.get("/logs/<name>/lines")
def rows(name: str) -> ResponseReturnValue:
    """The lines alone, for following."""
    return render_template("logs/partial.html", **_context(name))


def parsed(line: str) -> Line:
    """ "2026-11-21T14:02:11Z text" -> its parts, with the level that its words tell."""
    stamp, _, text = line.partition(" ")
    if not re.fullmatch(r"\d{4}-\d\d-\d\dT[\d:.]+Z", stamp):
        stamp, text = "", line
    level = next((level for level, pattern in _LEVELS.items() if pattern.search(text)), "")
    return Line(stamp, text, level)


def _context(name: str) -> dict[str, Any]:
    if not _SERVICE.fullmatch(name):
        abort(404)
    count = min(max(request.args.get("lines", 200, type=int), 1), MOST_LINES)
    fault: NodeyardError | None = None
    lines: tuple[Line, ...] = ()
    try:
        answer = feeds().agent.call("logs", token=me().token, service=name, lines=count, timeout_s=20.0)
        lines = tuple(map(parsed, answer["lines"]))
    except NodeyardError as error:
        fault = error
    return {"name": name, "lines": lines, "count": count, "fault": fault}


def _names() -> tuple[str, ...]:
    try:
        return tuple(service.name for service in feeds().snapshot().services)
    except NodeyardError:
        return ()
