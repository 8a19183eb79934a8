"""Codes of an authenticator app (TOTP, RFC 6238): SHA-1, six digits, 30 seconds. Each code is accepted once.

`second-factors.json` holds the secrets, 0600. `manage user reset NAME` on the host removes that of a user.
"""

from __future__ import annotations

import base64
import hmac
import secrets
from collections.abc import Mapping
from dataclasses import asdict

from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.twofactor.hotp import HOTP
from cryptography.hazmat.primitives.twofactor.totp import TOTP

from manage.access.locking import locked
from manage.immutable import dataclass
from manage.installation import documents
from manage.installation.layout import Layout

STEP_S = 30
DIGITS = 6
_SECRET_BYTES = 20
"""RFC 4226 section 4, R6: 160 bits are recommended."""
_DRIFT = (-1, 0, 1)
"""Steps by which the clock of a phone may differ (RFC 6238 section 5.2)."""


@dataclass(frozen=True)
class _Factor:
    secret: str
    """Base32."""
    last_step: int
    """Of the last code that was accepted (unix seconds / 30); older codes and this one are refused."""


def enrolled(layout: Layout, name: str) -> bool:
    """Whether `name` has a second factor."""
    return name in _read(layout)


def new_secret() -> str:
    """A new secret in base32, without padding."""
    return base64.b32encode(secrets.token_bytes(_SECRET_BYTES)).decode().rstrip("=")


def uri(secret: str, name: str, issuer: str) -> str:
    """The `otpauth:` URI that authenticator apps read from a QR code."""
    return TOTP(_key(secret), DIGITS, SHA1(), STEP_S).get_provisioning_uri(name, issuer)  # noqa: S303  # nosec B303 - RFC 6238


def enrol(layout: Layout, name: str, secret: str, code: str, now: float) -> bool:
    """Whether `code` is one of `secret`; then it is the second factor of `name` from now on."""
    with locked(layout):
        known = _read(layout)
        step = _matching_step(_Factor(secret, 0), code, now)
        if step and name not in known:
            _write(layout, {**known, name: _Factor(secret, step)})
        return step > 0 and name not in known


def accept(layout: Layout, name: str, code: str, now: float) -> bool:
    """Whether `code` is right; then neither it nor an older one is right again."""
    with locked(layout):
        known = _read(layout)
        factor = known.get(name)
        step = _matching_step(factor, code, now) if factor else 0
        if factor and step:
            _write(layout, {**known, name: _Factor(factor.secret, step)})
        return step > 0


def forget(layout: Layout, name: str) -> None:
    """Remove the second factor of `name`."""
    with locked(layout):
        known = _read(layout)
        if known.pop(name, None) is not None:
            _write(layout, known)


def _matching_step(factor: _Factor, code: str, now: float) -> int:
    """The step of `code`, 0 if it is wrong or was used."""
    given, found = "".join(code.split()).encode(errors="replace"), 0
    generator = HOTP(_key(factor.secret), DIGITS, SHA1())  # noqa: S303  # nosec B303 - RFC 6238
    for step in (int(now) // STEP_S + drift for drift in _DRIFT):
        if hmac.compare_digest(generator.generate(step), given) and step > factor.last_step:
            found = step
    return found


def _key(secret: str) -> bytes:
    return base64.b32decode(secret + "=" * (-len(secret) % 8))


def _read(layout: Layout) -> dict[str, _Factor]:
    try:
        document = documents.read(layout.second_factors_file)
    except FileNotFoundError:
        return {}
    with documents.require_shape(layout.second_factors_file):
        return {name: _Factor(**entry) for name, entry in document["users"].items()}


def _write(layout: Layout, known: Mapping[str, _Factor]) -> None:
    shown = {name: asdict(factor) for name, factor in known.items()}
    documents.write(layout.second_factors_file, {"users": shown}, mode=0o600)
