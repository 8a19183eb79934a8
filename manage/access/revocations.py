"""Which sessions are still valid: written by the agent, read by the dashboard.

So a sign-out, a password reset and a removed user take effect immediately, also on read-only pages and while the agent
is down.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import field
from pathlib import Path

from manage.access.tokens import Claims
from manage.errors import NodeyardError
from manage.immutable import dataclass
from manage.installation import documents


@dataclass(frozen=True)
class Revocations:
    epochs: Mapping[str, str] = field(default_factory=dict)
    """User name -> epoch of the current password."""
    revoked: Mapping[str, float] = field(default_factory=dict)
    """Session id -> unix seconds when the session would have ended anyway; the entry can be dropped then."""

    def allows(self, claims: Claims) -> bool:
        """Whether the session was not ended and its user still has the same password."""
        return claims.id not in self.revoked and self.epochs.get(claims.name) == claims.epoch


def read(path: Path) -> Revocations:
    """The revocations at `path`. A missing or unreadable file allows no session."""
    try:
        document = documents.read(path)
        return Revocations(dict(document["epochs"]), dict(document["revoked"]))
    except (NodeyardError, OSError, KeyError, TypeError, ValueError):
        return Revocations()


def write(revocations: Revocations, path: Path, gid: int) -> None:
    """Replace the file at `path`, readable by the group that may open the agent's socket."""
    document = {"version": documents.VERSION, "epochs": dict(revocations.epochs), "revoked": dict(revocations.revoked)}
    documents.replace(path, json.dumps(document).encode() + b"\n", mode=0o640, gid=gid)
