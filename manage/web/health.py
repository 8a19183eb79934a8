"""The address at which others check that this process answers."""

from __future__ import annotations

from flask import Blueprint
from flask.typing import ResponseReturnValue

from manage.web.guard import public

blueprint = Blueprint("health", __name__)


@blueprint.get("/health")
@public
def liveness() -> ResponseReturnValue:
    """This process answers. Says nothing about the stack."""
    return {"status": "ok"}
