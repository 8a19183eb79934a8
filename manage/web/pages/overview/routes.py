"""The routes of the overview."""

from __future__ import annotations

from flask import Blueprint, render_template
from flask.typing import ResponseReturnValue

from manage.errors import NodeyardError
from manage.health.model import Snapshot
from manage.web.guard import current_visitor, sources
from manage.web.pages.overview.view import Overview, overview

blueprint = Blueprint("overview", __name__)


@blueprint.get("/")
def page() -> ResponseReturnValue:
    """The whole page."""
    return render_template("overview/page.html", view=_view())


@blueprint.get("/overview/rows")
def partial() -> ResponseReturnValue:
    """The part of the page that changes."""
    return render_template("overview/partial.html", view=_view())


def _view() -> Overview:
    facts = sources()
    snapshot: Snapshot | NodeyardError
    try:
        snapshot = facts.snapshot()
    except NodeyardError as error:
        snapshot = error
    return overview(
        snapshot,
        facts.history,
        now=facts.clock(),
        role=current_visitor().claims.role,
        agent_answers=facts.agent_answers,
        disk=facts.disk,
    )
