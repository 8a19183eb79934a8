"""A change that the pages can ask the agent for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from manage.access.roles import Role
from manage.immutable import dataclass

ROLES: Mapping[str, Role] = {"restart": "operator", "up": "operator", "down": "admin"}
"""Verb -> the role that it needs. The agent checks it again."""


@dataclass(frozen=True)
class Change:
    verb: str
    services: tuple[str, ...]
    """Empty: the whole stack."""

    def query(self) -> dict[str, Any]:
        """Arguments of the URL of its plan."""
        return {"verb": self.verb, "service": list(self.services)}

    def args(self) -> dict[str, Any]:
        """Arguments of the agent's verb."""
        return {} if self.verb == "down" else {"services": list(self.services)}
