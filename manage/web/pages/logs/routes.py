"""The routes of the log page."""

from __future__ import annotations

from flask import Blueprint, abort, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from manage.errors import NodeyardError
from manage.web import person
from manage.web.guard import current_visitor, sources
from manage.web.lanes import Turns, lane
from manage.web.pages.logs.view import LogView, is_service_name, line_count, log_view

blueprint = Blueprint("logs", __name__)
_reads = Turns("Reading logs", most=3)


@blueprint.get("/logs")
def index() -> ResponseReturnValue:
    """The log of the first service; the page links to the others."""
    names = _service_names()
    if not names:
        raise NodeyardError("This stack has no services yet, so there is no log.", "Start the stack with: manage up")
    return redirect(url_for("logs.page", name=names[0]))


@blueprint.get("/logs/<name>")
@lane("logs")
def page(name: str) -> ResponseReturnValue:
    """The last `lines` lines of a service."""
    return render_template("logs/page.html", view=_view(name))


@blueprint.get("/logs/<name>/lines")
@lane("logs")
def partial(name: str) -> ResponseReturnValue:
    """The lines alone, for following."""
    return render_template("logs/partial.html", view=_view(name))


def _view(name: str) -> LogView:
    if not is_service_name(name):
        abort(404)
    count = line_count(request.args.get("lines", type=int))
    answer: list[str] | NodeyardError
    try:
        with _reads.turn(current_visitor().claims.name):
            answer = person.call("logs", service=name, lines=count, timeout_s=20.0)["lines"]
    except NodeyardError as error:
        answer = error
    return log_view(name, count, answer, _service_names())


def _service_names() -> tuple[str, ...]:
    try:
        return tuple(service.name for service in sources().snapshot().services)
    except NodeyardError:
        return ()
