"""Who is looking at the page: the signed token in the cookie, checked here, renewed by the agent."""

from __future__ import annotations

import hmac
import secrets
from dataclasses import dataclass
from hashlib import sha256

from flask import Request
from werkzeug.wrappers import Response

from manage.agent import tokens
from manage.agent.client import AgentRefused, AgentUnreachable
from manage.agent.tokens import BadToken, Claims
from manage.web.sources import Feeds

_FORM_COOKIE = "nodeyard_form"


@dataclass(frozen=True)
class Visitor:
    """Somebody who is signed in."""

    claims: Claims
    token: str
    renewed: bool = False
    """The token is new and belongs into the cookie."""


def cookie_name(request: Request) -> str:
    """Of the session. Cookies do not tell ports apart, and two installations may share one loopback address."""
    port = request.host.rpartition(":")[2]
    return f"nodeyard_session_{port}" if port.isdecimal() else "nodeyard_session"


def visitor(request: Request, feeds: Feeds) -> Visitor | None:
    """Who holds a good session, renewed when half of its token's time is over; None for everyone else.

    While the agent is away a token that could not be renewed still shows pages, until its session ends: the agent alone
    changes anything, and takes no such token.
    """
    token = request.cookies.get(cookie_name(request), "")
    key = feeds.public_key()
    if not token or key is None:
        return None
    try:
        claims = tokens.verify(token, key)
    except BadToken:
        return None
    now = feeds.clock()
    if not claims.alive(now) or not feeds.standing().allows(claims):
        return None
    if now < (claims.issued_at + claims.expires_at) / 2 or not feeds.agent_answers:
        return Visitor(claims, token)
    try:
        renewed = str(feeds.agent.call("refresh", token=token, timeout_s=2.0)["token"])
        return Visitor(tokens.verify(renewed, key), renewed, renewed=True)
    except AgentRefused:
        return None
    except (AgentUnreachable, BadToken):
        return Visitor(claims, token)


def keep(response: Response, request: Request, token: str) -> None:
    """Put the token into the cookie: for this site only, out of reach of scripts; `Secure` where there is TLS."""
    response.set_cookie(
        cookie_name(request), token, path="/", httponly=True, samesite="Strict", secure=request.is_secure
    )


def forget(response: Response, request: Request) -> None:
    response.delete_cookie(cookie_name(request), path="/", httponly=True, samesite="Strict", secure=request.is_secure)


class FormGuard:
    """The CSRF token of the login form, bound to a cookie of the same browser (there is no session yet).

    The key lives as long as the process: a login page from before a restart asks once more.
    """

    def __init__(self) -> None:
        self._key = secrets.token_bytes(32)

    def open(self, response: Response, request: Request, nonce: str) -> None:
        """Put the cookie that `token(nonce)` belongs to."""
        response.set_cookie(
            _FORM_COOKIE, nonce, path="/login", httponly=True, samesite="Strict", secure=request.is_secure
        )

    def token(self, nonce: str) -> str:
        return hmac.new(self._key, nonce.encode(), sha256).hexdigest()

    def holds(self, request: Request, given: str) -> bool:
        nonce = request.cookies.get(_FORM_COOKIE, "")
        return bool(nonce) and hmac.compare_digest(self.token(nonce).encode(), given.encode())
