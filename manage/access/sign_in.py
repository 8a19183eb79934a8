"""The session verbs: sign in, refresh, sign out, change the password."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from manage.access import passwords, users
from manage.access.audit import Audit, Result
from manage.access.refusals import Refused
from manage.access.sessions import Session, SessionEnded, Sessions
from manage.access.throttle import Throttle
from manage.errors import NodeyardError
from manage.installation.layout import Layout


@dataclass(frozen=True)
class Access:
    """Answers `login`, `refresh`, `logout` and `change_password`, and logs all but `refresh` in the audit log.

    Throttled attempts are not logged (the failures before them are), so that a flood cannot fill the disk."""

    layout: Layout
    sessions: Sessions
    throttle: Throttle
    audit: Audit

    def login(self, args: Mapping[str, Any], address: str) -> dict[str, Any]:
        """A new session. The error and the time taken are the same for a wrong password and an unknown name."""
        name, password = args.get("name", ""), args.get("password", "")
        if wait := self.throttle.begin(name, address):
            raise _too_many(wait)
        user = self.sessions.user(name)
        if not passwords.matches(password, user.hash if user else None) or user is None:
            self._log(name, address, "login", "wrong name or password")
            raise Refused(
                "password", "Name or password is wrong.", "To reset a password, run on the host: manage user reset NAME"
            )
        self.throttle.succeed(name, address)
        self.layout.first_password_file.unlink(missing_ok=True)
        self._log(name, address, "login")
        return {"token": self.sessions.open(user), "must_change": user.must_change}

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
        """Set a new password and start a new session; all earlier ones end. Wrong old passwords are throttled too."""
        session = self.require_session(token)
        name, old, new = session.user.name, args.get("old", ""), args.get("new", "")
        if wait := self.throttle.begin(name, address):
            raise _too_many(wait)
        if not passwords.matches(old, session.user.hash):
            self._log(name, address, "change_password", "wrong old password")
            raise Refused("password", "The current password is wrong.")
        self.throttle.succeed(name, address)
        if old == new:
            raise Refused("password", "The new password is the same as the old one.", "Choose another one.")
        try:
            user = users.set_password(self.layout, name, new)
        except NodeyardError as error:
            raise Refused("password", error.message, error.hint) from error
        self.sessions.follow_users()
        self._log(name, address, "change_password")
        return {"token": self.sessions.open(user)}

    def require_session(self, token: str, *, renewing: bool = False) -> Session:
        """The session of `token`. Raises Refused ("session") if there is none."""
        try:
            return self.sessions.require(token, renewing=renewing)
        except SessionEnded as ended:
            raise Refused("session", str(ended), "Sign in.") from ended

    def _log(self, who: str, address: str, verb: str, refusal: str = "") -> None:
        result: Result = "refused" if refusal else "ok"
        self.audit.write(who=who, address=address, verb=verb, args={}, result=result, reason=refusal)


def _too_many(wait: float) -> Refused:
    seconds = max(1, round(wait))
    return Refused("throttled", f"Too many wrong passwords. Wait {seconds} s.", retry_s=seconds)
