"""Which sessions still count: the part of the agent's knowledge that the dashboard may read.

With it a logout, a reset and a removal hold at once, also on pages that are only read, also while the agent is away.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from manage.access.tokens import Claims
from manage.errors import NodeyardError
from manage.installation import documents


@dataclass(frozen=True)
class Revocations:
    epochs: Mapping[str, str] = field(default_factory=dict)
    """User name -> epoch of the password in force."""
    revoked: Mapping[str, float] = field(default_factory=dict)
    """Session id -> unix seconds when it would have ended anyway, and may be forgotten."""

    def allows(self, claims: Claims) -> bool:
        """The session was not ended and its user still has the same password."""
        return claims.id not in self.revoked and self.epochs.get(claims.name) == claims.epoch


def read(path: Path) -> Revocations:
    """What lies at `path`. Nothing there, or nothing readable, allows nobody."""
    try:
        document = documents.read(path)
        return Revocations(dict(document["epochs"]), dict(document["revoked"]))
    except (NodeyardError, OSError, KeyError, TypeError, ValueError):
        return Revocations()


def write(revocations: Revocations, path: Path, gid: int) -> None:
    """Replace what lies at `path`, for the group that may open the agent's socket."""
    document = {"version": documents.VERSION, "epochs": dict(revocations.epochs), "revoked": dict(revocations.revoked)}
    documents.replace(path, json.dumps(document).encode() + b"\n", mode=0o640, gid=gid)
