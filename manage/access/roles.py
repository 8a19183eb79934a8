"""Roles: viewer < operator < admin."""

from __future__ import annotations

from typing import Literal

from manage.errors import EXIT_USAGE, NodeyardError

Role = Literal["viewer", "operator", "admin"]
ROLES: tuple[Role, ...] = ("viewer", "operator", "admin")
"""Each role includes the ones before it."""


def may(role: Role, needed: Role) -> bool:
    """Whether `role` includes `needed`."""
    return ROLES.index(role) >= ROLES.index(needed)


def parse(text: str) -> Role:
    """The role called `text`. Raises NodeyardError (usage) if there is none."""
    if text not in ROLES:
        raise NodeyardError(f"There is no role {text!r}.", f"Choose one of {', '.join(ROLES)}.", exit_code=EXIT_USAGE)
    return text
