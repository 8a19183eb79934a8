"""One service: its sentence, the evidence, who waits for whom."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, render_template
from flask.typing import ResponseReturnValue

from manage.errors import NodeyardError
from manage.health.root_cause import explain
from manage.web import detail
from manage.web.guard import feeds, me

pages = Blueprint("service", __name__)


@pages.get("/services/<name>")
def page(name: str) -> ResponseReturnValue:
    """The whole page."""
    return render_template("service.html", **_context(name))


@pages.get("/services/<name>/rows")
def rows(name: str) -> ResponseReturnValue:
    """What of the page changes."""
    return render_template("_service.html", **_context(name))


def _context(name: str) -> dict[str, Any]:
    source = feeds()
    snapshot = source.snapshot()
    if name == "disk" or name not in {service.name for service in snapshot.services}:
        raise NodeyardError(f"There is no service {name[:40]} in this stack.", "The overview has all there are.")
    view = detail.detail(
        snapshot,
        explain(snapshot, name),
        source.strips,
        now=source.clock(),
        role=me().claims.role,
        agent_answers=source.agent_answers,
    )
    return {"view": view, "name": name}
