"""Challenges: the permission to make one change, once it is answered. They live in the agent's memory."""

from __future__ import annotations

import json
import secrets
import threading
import time
from collections.abc import Callable, Mapping
from typing import Any

from manage.access.refusals import Refused
from manage.access.tokens import Claims
from manage.immutable import dataclass

LIFETIME_S = 600.0
"""Long enough to read a plan."""
MOST = 16
"""Of one session; a new one replaces the oldest."""


@dataclass(frozen=True)
class Challenge:
    """One change that a person was asked to confirm."""

    id: str
    session: str
    change: str
    """The verb and its arguments, with the digest of the plan, as canonical JSON."""
    ends_at: float
    """Unix seconds."""


class Challenges:
    """The open challenges of all sessions. `clock` gives unix seconds. Thread-safe."""

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._open: dict[str, Challenge] = {}

    def issue(self, claims: Claims, verb: str, args: Mapping[str, Any]) -> Challenge:
        """A new challenge for this change in this session."""
        now = self._clock()
        issued = Challenge(secrets.token_urlsafe(18), claims.id, _change(claims, verb, args), now + LIFETIME_S)
        with self._lock:
            alive = {id: challenge for id, challenge in self._open.items() if now < challenge.ends_at}
            own = [id for id, challenge in alive.items() if challenge.session == claims.id]
            for id in own[: len(own) - MOST + 1]:
                del alive[id]
            self._open = {**alive, issued.id: issued}
        return issued

    def require(self, id: str, claims: Claims, verb: str, args: Mapping[str, Any]) -> Challenge:
        """The open challenge `id` for exactly this change in this session. Raises Refused ("challenge")."""
        with self._lock:
            found = self._open.get(id)
        if found is None or self._clock() >= found.ends_at:
            raise _expired()
        if (found.session, found.change) != (claims.id, _change(claims, verb, args)):
            raise Refused("challenge", "This confirmation is for another change.", "Look at the plan again.")
        return found

    def spend(self, challenge: Challenge) -> None:
        """Use the challenge up. Raises Refused ("challenge") if another request did so first."""
        with self._lock:
            if self._open.pop(challenge.id, None) is None:
                raise _expired()


def _expired() -> Refused:
    return Refused(
        "challenge", "This confirmation has expired or was used, so nothing was done.", "Look at the plan again."
    )


def _change(claims: Claims, verb: str, args: Mapping[str, Any]) -> str:
    return json.dumps([claims.name, verb, dict(args)], sort_keys=True)
