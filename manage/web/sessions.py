"""Sessions: a signed token in a cookie, verified here and renewed by the agent."""

from __future__ import annotations

import hmac
import secrets
from hashlib import sha256

from flask import Request
from werkzeug.wrappers import Response

from manage.access import tokens
from manage.access.tokens import BadToken, Claims
from manage.agent.client import AgentRefused, AgentUnreachable
from manage.immutable import dataclass
from manage.web.sources import Sources

_SESSION_COOKIE, _FORM_COOKIE = "nodeyard_session", "nodeyard_form"


@dataclass(frozen=True)
class Visitor:
    """A user who is signed in."""

    claims: Claims
    token: str
    renewed: bool = False
    """The token is new: the answer must set the cookie."""


def cookie_name(request: Request, name: str = _SESSION_COOKIE) -> str:
    """Name of a cookie of ours, by default the session's.

    It holds the port, because cookies are shared by all ports of a host and two installations may share an address.
    Over TLS the prefix makes browsers refuse it from other host names of the domain.
    """
    port = request.host.rpartition(":")[2]
    return f"{'__Host-' if request.is_secure else ''}{name}{f'_{port}' if port.isdecimal() else ''}"


def authenticate(request: Request, sources: Sources) -> Visitor | None:
    """The user whose session the request carries, None without a valid one.

    Renews the token when half of its lifetime is over. If the agent does not answer, an expired token still shows pages
    until the session ends; the agent does not accept it for changes.
    """
    token = request.cookies.get(cookie_name(request), "")
    key = sources.public_key()
    if not token or key is None:
        return None
    try:
        claims = tokens.verify(token, key)
    except BadToken:
        return None
    now = sources.clock()
    if not claims.alive(now) or not sources.revocations().allows(claims):
        return None
    if now < (claims.issued_at + claims.expires_at) / 2 or not sources.agent_answers:
        return Visitor(claims, token)
    try:
        renewed = str(sources.agent.call("refresh", token=token, timeout_s=2.0)["token"])
        return Visitor(tokens.verify(renewed, key), renewed, renewed=True)
    except AgentRefused:
        return None
    except (AgentUnreachable, BadToken):
        return Visitor(claims, token)


def set_cookie(response: Response, request: Request, token: str) -> None:
    """Store the token in the cookie: for this site only, hidden from scripts, and `Secure` over TLS."""
    response.set_cookie(
        cookie_name(request), token, path="/", httponly=True, samesite="Strict", secure=request.is_secure
    )


def delete_cookie(response: Response, request: Request) -> None:
    """Remove the token from the browser."""
    response.delete_cookie(cookie_name(request), path="/", httponly=True, samesite="Strict", secure=request.is_secure)


class FormGuard:
    """The CSRF token of the sign-in form. There is no session yet, so it is bound to a cookie of its own.

    The key lives as long as the process: a form that was opened before a restart must be sent twice.
    """

    def __init__(self) -> None:
        self._key = secrets.token_bytes(32)

    def set_cookie(self, response: Response, request: Request, nonce: str) -> None:
        """Set the cookie that `token(nonce)` belongs to."""
        name = cookie_name(request, _FORM_COOKIE)
        response.set_cookie(name, nonce, path="/", httponly=True, samesite="Strict", secure=request.is_secure)

    def token(self, nonce: str) -> str:
        """The token for a form whose cookie holds `nonce`."""
        return hmac.new(self._key, nonce.encode(), sha256).hexdigest()

    def accepts(self, request: Request, given: str) -> bool:
        """Whether `given` is the token that belongs to the request's cookie."""
        nonce = request.cookies.get(cookie_name(request, _FORM_COOKIE), "")
        return bool(nonce) and hmac.compare_digest(self.token(nonce).encode(), given.encode())
