"""The session verbs: sign in, refresh, sign out, change the password."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import field
from typing import Any, Literal

from manage.access import devices, passwords, second_factor, users
from manage.access.audit import Audit, Result
from manage.access.confirmation import Confirmation
from manage.access.refusals import Refused
from manage.access.sessions import Session, SessionEnded, Sessions
from manage.access.throttle import Throttle, stranger
from manage.errors import NodeyardError
from manage.immutable import dataclass
from manage.installation.layout import Layout

MOST_WAITING = 4
"""Strangers whose passwords are checked or wait for it. More are refused, so that they do not take all connections."""


@dataclass(frozen=True)
class Access:
    """Answers `login`, `refresh`, `logout` and `change_password`, and logs all but `refresh` in the audit log.

    Throttled attempts are not logged (the failures before them are), so that a flood cannot fill the disk."""

    layout: Layout
    sessions: Sessions
    throttle: Throttle
    """Of known devices."""
    strangers: Throttle
    """In a file of its own, so that a flood of strangers keeps nobody else waiting for the disk."""
    confirmation: Confirmation
    audit: Audit
    clock: Callable[[], float]
    _waiting: threading.BoundedSemaphore = field(
        default_factory=lambda: threading.BoundedSemaphore(MOST_WAITING), init=False
    )

    def login(self, args: Mapping[str, Any], address: str) -> dict[str, Any]:
        """A new session, and the id that the device keeps. `device` is that id, or a code of `manage user code`.

        The error and the time taken are the same for a wrong password and an unknown name.
        """
        name, password, device = args.get("name", ""), args.get("password", ""), args.get("device", "")
        known = devices.find(self.layout, name, device, self.clock())
        throttle, keys = (self.throttle, (known.key,)) if known else (self.strangers, stranger(name, address))
        with self._place(known=known is not None):
            if wait := throttle.begin(keys):
                raise _too_many(wait, known=known is not None)
            user = self.sessions.user(name)
            right = passwords.matches(password, user.hash if user else None, known=known is not None)
        if user is None or not right:
            self._log(name, address, "login", "wrong name or password", source="address")
            raise Refused(
                "password", "Name or password is wrong.", "To reset a password, run on the host: manage user reset NAME"
            )
        throttle.succeed(keys)
        self.layout.first_password_file.unlink(missing_ok=True)
        kept = devices.remember(self.layout, name, device, self.clock())
        self._log(name, address, "login")
        return {
            "token": self.sessions.open(user),
            "must_change": user.must_change,
            "device": self.sessions.signed_device(kept),
            "must_enrol": self.confirmation.missing(user),
        }

    def refresh(self, token: str) -> dict[str, Any]:
        """A token of the same session with a later expiry."""
        return {"token": self.sessions.renew(self.require_session(token, renewing=True))}

    def logout(self, token: str, address: str) -> dict[str, Any]:
        """End the session; does nothing if it has already ended."""
        try:
            session = self.sessions.require(token, renewing=True)
        except SessionEnded:
            return {}
        self.sessions.close(session.claims)
        self._log(session.user.name, address, "logout")
        return {}

    def change_password(self, token: str, args: Mapping[str, Any], address: str) -> dict[str, Any]:
        """Set a new password and start a new session; all earlier ones end. A second factor must be given as well."""
        session = self.require_session(token)
        name, old, new = session.user.name, args.get("old", ""), args.get("new", "")
        try:
            self.confirmation.require_password(session.user, old, "The current password is wrong.")
            if old == new:
                raise Refused("password", "The new password is the same as the old one.", "Choose another one.")
            enrolled = second_factor.enrolled(self.layout, name)
            if enrolled:
                self.confirmation.require_answer(session.user, args.get("answer", ""))
        except Refused as refusal:
            self._log(name, address, "change_password", refusal.message)
            raise
        try:
            user = users.set_password(self.layout, name, new)
        except NodeyardError as error:
            raise Refused("password", error.message, error.hint) from error
        self.sessions.follow_users()
        self._log(name, address, "change_password")
        return {"token": self.sessions.open(user), "enrolled": enrolled}

    def require_session(self, token: str, *, renewing: bool = False) -> Session:
        """The session of `token`. Raises Refused ("session") if there is none."""
        try:
            return self.sessions.require(token, renewing=renewing)
        except SessionEnded as ended:
            raise Refused("session", str(ended), "Sign in.") from ended

    @contextmanager
    def _place(self, *, known: bool) -> Iterator[None]:
        if known:
            yield
            return
        if not self._waiting.acquire(blocking=False):
            raise Refused("throttled", "Too many people sign in at once. Try again.", retry_s=1)
        try:
            yield
        finally:
            self._waiting.release()

    def _log(
        self, who: str, address: str, verb: str, refusal: str = "", source: Literal["name", "address"] = "name"
    ) -> None:
        result: Result = "refused" if refusal else "ok"
        self.audit.write(who=who, address=address, verb=verb, args={}, result=result, reason=refusal, source=source)


def _too_many(wait: float, *, known: bool) -> Refused:
    seconds = max(1, round(wait))
    if known:
        return Refused("throttled", f"Too many wrong passwords. Wait {seconds} s.", retry_s=seconds)
    return Refused(
        "throttled",
        f"Too many wrong passwords from devices on which nobody has signed in before. Wait {seconds} s.",
        "To sign in at once, get a code for this device; on the host, run as root: manage user code NAME",
        retry_s=seconds,
        needs_code=True,
    )
