"""Session tokens: claims signed with Ed25519, so that the dashboard can verify them without the agent.

Form: base64url(JSON) "." base64url(signature over the first part), both without padding.
"""

from __future__ import annotations

import base64
import binascii
import json
from dataclasses import asdict

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from manage import untrusted
from manage.access import roles
from manage.access.roles import Role
from manage.errors import NodeyardError
from manage.immutable import dataclass

_LONGEST = 4096


class BadToken(Exception):
    """Not a token that the agent signed, or a modified one."""


@dataclass(frozen=True)
class Claims:
    """The content of a token. Times are unix seconds."""

    id: str
    name: str
    role: Role
    must_change: bool
    csrf: str
    """Part of every form of this session; a submitted form must contain it."""
    epoch: str
    """The user's password epoch; see `users.User.epoch`."""
    issued_at: float
    expires_at: float
    """From this time on the agent must renew the token."""
    ends_at: float
    """From this time on the user must sign in again."""

    def fresh(self, now: float) -> bool:
        """Whether it is valid without asking the agent."""
        return now < self.expires_at

    def alive(self, now: float) -> bool:
        """Whether it can still be renewed."""
        return now < self.ends_at


def sign(claims: Claims, key: Ed25519PrivateKey) -> str:
    """The token that carries `claims`."""
    payload = _encode(json.dumps(asdict(claims), separators=(",", ":")).encode())
    return f"{payload}.{_encode(key.sign(payload.encode()))}"


def verify(token: str, key: Ed25519PublicKey) -> Claims:
    """The claims of a token with a valid signature; the caller checks the times. Raises BadToken."""
    payload, dot, signature = token.partition(".")
    if not dot or len(token) > _LONGEST or not token.isascii():
        raise BadToken
    try:
        key.verify(_decode(signature), payload.encode())
        fields = untrusted.parse_json(_decode(payload))
        return Claims(**{**fields, "role": roles.parse(fields["role"])})
    except (InvalidSignature, ValueError, TypeError, KeyError, NodeyardError) as error:
        raise BadToken from error


def _encode(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _decode(text: str) -> bytes:
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except binascii.Error as error:
        raise BadToken from error
