"""Errors as sentences. Pure."""

from __future__ import annotations

from manage.agent.client import AgentRefused, AgentUnreachable
from manage.errors import NodeyardError
from manage.immutable import dataclass

_HTTP = {
    401: ("You are signed out.", "Sign in again."),
    404: ("This page does not exist.", "The overview links to every page."),
    405: ("This page does not accept this kind of request.", "Go back to the overview."),
    413: ("The form is too large.", "Send less."),
    500: ("The dashboard failed.", "Its log shows the error: manage logs dashboard"),
}
_AGENT = {"session": 403, "role": 403, "busy": 409, "changed": 409, "throttled": 429, "usage": 400}


@dataclass(frozen=True)
class ErrorView:
    status: int
    """Of the HTTP answer."""
    message: str
    hint: str


def of_http_error(status: int, description: str) -> ErrorView:
    message, hint = _HTTP.get(status, (description or "The request was refused.", ""))
    return ErrorView(status, message, hint)


def of_nodeyard_error(error: NodeyardError) -> ErrorView:
    if isinstance(error, AgentUnreachable):
        status = 503
    elif isinstance(error, AgentRefused):
        status = _AGENT.get(error.kind, 502)
    else:
        status = 404
    return ErrorView(status, error.message, error.hint)
