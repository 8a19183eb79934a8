"""Sessions of signed-in users. The agent decides; the dashboard reads `revocations`."""

from __future__ import annotations

import secrets
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import replace

from manage.access import devices, keys, revocations, tokens, users
from manage.access.revocations import Revocations
from manage.access.tokens import BadToken, Claims
from manage.access.users import User
from manage.immutable import dataclass
from manage.installation.layout import Layout

TOKEN_S = 15 * 60.0
"""A token expires after this time; the dashboard renews it after half of it."""
SESSION_S = 12 * 3600.0
"""After this time the user must sign in again, even if the session is active."""


class SessionEnded(Exception):
    """The session does not exist or has ended; the text tells the user why."""


@dataclass(frozen=True)
class Session:
    claims: Claims
    user: User
    """The user as `users.json` has it now: this role applies, not the token's."""


class Sessions:
    """Issues, renews and ends sessions; follows `users.json`, which the host CLI may change at any time."""

    def __init__(self, layout: Layout, *, gid: int, clock: Callable[[], float] = time.time) -> None:
        self._layout = layout
        self._gid = gid
        self._clock = clock
        self._key = keys.load_or_create(layout.session_key_file)
        self._lock = threading.Lock()
        self._users: tuple[User, ...] = ()
        self._users_stamp: tuple[int, int, int] | None = (0, 0, 0)  # differs from every file's and from None
        self._revocations = revocations.read(layout.revocations_file)
        keys.publish(self._key, layout.session_public_file, gid)
        self.follow_users()

    def follow_users(self) -> None:
        """Publish the users again if `users.json` changed. If not, this costs one stat call."""
        with self._lock:
            stamp = _stamp(self._layout)
            if stamp == self._users_stamp:
                return
            self._users = users.read(self._layout)
            self._publish(self._revocations.revoked)
            self._users_stamp = stamp

    def user(self, name: str) -> User | None:
        """The user as `users.json` has it now; None if there is none."""
        self.follow_users()
        return next((user for user in self._users if user.name == name), None)

    def open(self, user: User) -> str:
        """The token of a new session."""
        now = self._clock()
        claims = Claims(
            id=secrets.token_hex(12),
            name=user.name,
            role=user.role,
            must_change=user.must_change,
            csrf=secrets.token_urlsafe(24),
            epoch=user.epoch,
            issued_at=now,
            expires_at=now + TOKEN_S,
            ends_at=now + SESSION_S,
        )
        return tokens.sign(claims, self._key)

    def signed_device(self, id: str) -> str:
        """What a browser keeps of the id of its device; see `devices.signed`."""
        return devices.signed(id, self._key)

    def renew(self, session: Session) -> str:
        """A token of the same session with a later expiry and the user's current role."""
        now = self._clock()
        user = session.user
        claims = replace(
            session.claims,
            role=user.role,
            must_change=user.must_change,
            issued_at=now,
            expires_at=min(now + TOKEN_S, session.claims.ends_at),
        )
        return tokens.sign(claims, self._key)

    def require(self, token: str, *, renewing: bool = False) -> Session:
        """The session of `token`; an expired token is accepted only for `renewing`. Raises SessionEnded."""
        try:
            claims = tokens.verify(token, self._key.public_key())
        except BadToken:
            raise SessionEnded("You are not signed in.") from None
        user = self.user(claims.name)
        now = self._clock()
        if user is None or not self._revocations.allows(claims):
            raise SessionEnded("This session has ended.")
        if not claims.alive(now) or not (renewing or claims.fresh(now)):
            raise SessionEnded("This session has expired.")
        return Session(claims, user)

    def close(self, claims: Claims) -> None:
        """End the session: none of its tokens is valid any longer."""
        with self._lock:
            now = self._clock()
            revoked = {id: ends_at for id, ends_at in self._revocations.revoked.items() if ends_at > now}
            self._publish({**revoked, claims.id: claims.ends_at})

    def _publish(self, revoked: Mapping[str, float]) -> None:
        current = Revocations({user.name: user.epoch for user in self._users}, revoked)
        revocations.write(current, self._layout.revocations_file, self._gid)
        self._revocations = current


def _stamp(layout: Layout) -> tuple[int, int, int] | None:
    try:
        status = layout.users_file.stat()
    except FileNotFoundError:
        return None
    return status.st_mtime_ns, status.st_ino, status.st_size
