"""What the password form shows. Pure."""

from __future__ import annotations

from manage.access.tokens import Claims
from manage.immutable import dataclass


@dataclass(frozen=True)
class PasswordView:
    name: str
    heading: str
    reason: str
    """Why the password must be changed, "" when it need not."""
    error: str
    enrolled: bool
    """The user has a second factor, so the form asks for a code."""


def password_view(claims: Claims, error: str = "", *, enrolled: bool = False) -> PasswordView:
    """The form for the user of `claims`; `error` says why the last attempt failed."""
    if claims.must_change:
        reason = "The password you signed in with is temporary. Choose your own to continue."
        return PasswordView(claims.name, "Choose your own password", reason, error, enrolled)
    return PasswordView(claims.name, "Change password", "", error, enrolled)


def form_error(new: str, again: str) -> str:
    """What is wrong with the form before the agent is asked, "" if nothing."""
    return "" if new == again else "The two new passwords differ."
