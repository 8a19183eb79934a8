"""The routes of a service's page."""

from __future__ import annotations

from flask import Blueprint, render_template
from flask.typing import ResponseReturnValue

from manage.errors import NodeyardError
from manage.health.root_cause import explain
from manage.web.guard import current_visitor, sources
from manage.web.pages.service.view import ServiceView, service_view

blueprint = Blueprint("service", __name__)


@blueprint.get("/services/<name>")
def page(name: str) -> ResponseReturnValue:
    """The whole page."""
    return render_template("service/page.html", view=_view(name))


@blueprint.get("/services/<name>/rows")
def partial(name: str) -> ResponseReturnValue:
    """The part of the page that changes."""
    return render_template("service/partial.html", view=_view(name))


def _view(name: str) -> ServiceView:
    facts = sources()
    snapshot = facts.snapshot()
    if name not in {service.name for service in snapshot.services}:
        raise NodeyardError(f"This stack has no service {name[:40]}.", "The overview lists all services.")
    return service_view(
        snapshot,
        explain(snapshot, name),
        facts.history,
        now=facts.clock(),
        role=current_visitor().claims.role,
        agent_answers=facts.agent_answers,
    )
