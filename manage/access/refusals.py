"""Why the agent refused a request."""

from __future__ import annotations

from typing import Any, Literal

from manage.errors import NodeyardError

Kind = Literal[
    "session",
    "role",
    "password",
    "second_factor",
    "challenge",
    "answer",
    "throttled",
    "busy",
    "usage",
    "changed",
    "failed",
]


class Refused(NodeyardError):
    """A refused request: its kind (see `wire`) and the details that a client needs to react."""

    def __init__(self, kind: Kind, message: str, hint: str = "", **detail: Any) -> None:
        super().__init__(message, hint)
        self.kind = kind
        self.detail = detail


def as_message(error: NodeyardError) -> dict[str, Any]:
    """The wire form of an error whose text is shown to the user."""
    kind = error.kind if isinstance(error, Refused) else "failed"
    detail = error.detail if isinstance(error, Refused) else {}
    return {"error": {"kind": kind, "message": error.message, "hint": error.hint, **detail}}
