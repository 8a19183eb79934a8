"""The cookie by which the agent recognises a device on which somebody has signed in; one for each user."""

from __future__ import annotations

import re

from flask import Request
from werkzeug.wrappers import Response

from manage.web import sessions

_NAME = re.compile(r"[a-z][a-z0-9_.-]{0,31}")
_LIFETIME_S = 180 * 24 * 3600
"""As `manage.access.devices.DEVICE_S`."""


def read(request: Request, user: str) -> str:
    """The id of this device, "" if nobody has signed in on it as `user`."""
    return request.cookies.get(_cookie(request, user), "") if _NAME.fullmatch(user) else ""


def write(response: Response, request: Request, user: str, id: str) -> None:
    """Keep the id in the browser, out of reach of scripts. `user` has signed in, so it is the name of a user."""
    response.set_cookie(
        _cookie(request, user),
        id,
        max_age=_LIFETIME_S,
        path="/",
        httponly=True,
        samesite="Strict",
        secure=request.is_secure,
    )


def _cookie(request: Request, user: str) -> str:
    return sessions.cookie_name(request).replace("nodeyard_session", f"nodeyard_device_{user}")
