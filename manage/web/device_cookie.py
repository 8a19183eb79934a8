"""The cookie by which the agent recognises a device on which somebody has signed in; one for each user."""

from __future__ import annotations

import re

from flask import Flask, Request
from werkzeug.wrappers import Response

from manage.access import devices
from manage.web import sessions
from manage.web.lanes import KNOWN, SIGN_IN
from manage.web.sources import Sources

_NAME = re.compile(r"[a-z][a-z0-9_.-]{0,31}")
_ANY = "nodeyard_device_"
_MOST = 8
"""Cookies that are checked for one request."""
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


def lane(app: Flask, request: Request) -> str:
    """KNOWN for a device on which anybody has signed in: a flood of others neither delays nor refuses it."""
    sources: Sources = app.extensions["sources"]
    key = sources.public_key()
    kept = [value for name, value in request.cookies.items() if _ANY in name][:_MOST]
    return KNOWN if key is not None and any(devices.is_signed(id, key) for id in kept) else SIGN_IN


def _cookie(request: Request, user: str) -> str:
    return sessions.cookie_name(request).replace("nodeyard_session", f"{_ANY}{user}")
