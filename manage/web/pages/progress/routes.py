"""The routes of a change's progress."""

from __future__ import annotations

from flask import Blueprint, redirect, render_template, url_for
from flask.typing import ResponseReturnValue

from manage.web import person
from manage.web.lanes import lane
from manage.web.pages.progress.view import ProgressView, progress_view

blueprint = Blueprint("progress", __name__)


@blueprint.get("/acts/<id>")
@lane("progress")
def page(id: str) -> ResponseReturnValue:
    """The whole page; the new plan instead, if the agent refused because the plan had changed."""
    view = _view(id)
    if view.has_changed:
        return redirect(url_for("plan.page", **view.change.query(), note="changed"), code=303)
    return render_template("progress/page.html", view=view)


@blueprint.get("/acts/<id>/rows")
@lane("progress")
def partial(id: str) -> ResponseReturnValue:
    """The part of the page that changes."""
    return render_template("progress/partial.html", view=_view(id))


def _view(id: str) -> ProgressView:
    return progress_view(person.call("progress", id=id))
