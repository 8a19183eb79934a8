"""Errors of every route as pages, or as plain text for the scripts that ask for a part of a page."""

from __future__ import annotations

from flask import Blueprint, render_template, request
from werkzeug.exceptions import HTTPException

from manage.agent.client import AgentUnreachable
from manage.commands import with_directory
from manage.errors import NodeyardError
from manage.web.guard import sources
from manage.web.pages.error.view import ErrorView, of_http_error, of_nodeyard_error

blueprint = Blueprint("error", __name__)


@blueprint.app_errorhandler(HTTPException)
def http_error(error: HTTPException) -> tuple[str, int, dict[str, str]]:
    """From Flask or `abort`."""
    retry_s = getattr(error, "retry_after", None)
    headers = {} if retry_s is None else {"Retry-After": str(retry_s)}
    return *_answer(of_http_error(error.code or 500, error.description or "")), headers


@blueprint.app_errorhandler(NodeyardError)
def nodeyard_error(error: NodeyardError) -> tuple[str, int]:
    """From the agent, the snapshot or `why`."""
    if isinstance(error, AgentUnreachable):
        sources().agent_answers = False
    return _answer(of_nodeyard_error(error))


def _answer(view: ErrorView) -> tuple[str, int]:
    if request.headers.get("X-Partial"):
        text = f"{view.message} {view.hint}".strip()
        return with_directory(text, sources().layout.directory_to_name), view.status
    return render_template("error/page.html", view=view, page=None), view.status
