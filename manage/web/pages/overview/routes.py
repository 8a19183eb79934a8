"""The overview: the whole stack in one sentence, then a row a service."""

from __future__ import annotations

from flask import Blueprint, render_template
from flask.typing import ResponseReturnValue

from manage.errors import NodeyardError
from manage.web.guard import feeds, me, open_to_all
from manage.web.pages.overview import view as present
from manage.web.pages.overview.view import Overview

pages = Blueprint("overview", __name__)


@pages.get("/")
def page() -> ResponseReturnValue:
    """The whole page."""
    return render_template("overview/page.html", view=_view())


@pages.get("/overview/rows")
def rows() -> ResponseReturnValue:
    """What of the page changes, for the script to put in place."""
    return render_template("overview/partial.html", view=_view())


@pages.get("/health")
@open_to_all
def health() -> ResponseReturnValue:
    """That this process answers; says nothing about the stack."""
    return {"status": "ok"}


def _view() -> Overview:
    source = feeds()
    try:
        snapshot = source.snapshot()
    except NodeyardError as fault:
        return present.overview(
            fault, {}, now=source.clock(), role=me().claims.role, agent_answers=source.agent_answers
        )
    return present.overview(
        snapshot, source.strips, now=source.clock(), role=me().claims.role, agent_answers=source.agent_answers
    )
