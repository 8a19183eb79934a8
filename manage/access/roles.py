"""Who may do what: viewer < operator < admin."""

from __future__ import annotations

from typing import Literal

from manage.errors import EXIT_USAGE, NodeyardError

Role = Literal["viewer", "operator", "admin"]
ROLES: tuple[Role, ...] = ("viewer", "operator", "admin")
"""Each may do what those before it may."""


def may(role: Role, needed: Role) -> bool:
    """Whether `role` includes the powers of `needed`."""
    return ROLES.index(role) >= ROLES.index(needed)


def parse(text: str) -> Role:
    """The role called `text`; NodeyardError (usage) when there is none."""
    if text not in ROLES:
        raise NodeyardError(f"There is no role {text!r}.", f"Choose one of {', '.join(ROLES)}.", exit_code=EXIT_USAGE)
    return text
