"""Which containers had processes killed at their memory limit, by the engine's events (docker-facts 40).

`State.OOMKilled` of a container is about one end only, and does not tell the main process from a child.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping
from typing import Any

from manage.engine.reader import Reader
from manage.immutable import dataclass
from manage.installation.identity import Installation
from manage.installation.labels import LABEL_INSTALLATION

KEEP_S = 3600.0
"""How long kills are remembered and shown."""
FUTURE_S = 2.0
"""Events from further in the future are older than the last change of the clock."""
KEPT = 50
"""Events of one container; a process that is killed in a loop causes more."""
CONTAINERS = 200
TOGETHER_S = 10.0
"""A container that ends by SIGKILL this soon after the kill was killed as a whole: its main process was the victim."""
SIGKILLED = "137"
"""The exit code of a container whose main process SIGKILL ended: 128 + 9."""


@dataclass(frozen=True)
class Ending:
    """One event: `oom`, or the end of a container with its exit code."""

    at: float
    kind: str
    exit_code: str = ""


class MemoryKills:
    """Of one installation, by container. The first reading asks the engine for the last hour. Not thread-safe."""

    def __init__(self) -> None:
        self._until = 0.0
        self._events: dict[str, deque[Ending]] = {}

    def read(self, engine: Reader, installation: Installation, now: float) -> None:
        """Note what has happened since the last time. Raises NodeyardError if the engine does not answer."""
        filters = {
            "type": ["container"],
            "event": ["oom", "die"],
            "label": [f"{LABEL_INSTALLATION}={installation.id}"],
        }
        if self._until > now + FUTURE_S:
            self._until = now  # the clock was set back: what happens now is new nevertheless
        found = engine.events(since=max(self._until, now - KEEP_S), until=now, filters=filters)
        self.note(event for event in found if int(event.get("timeNano", 0)) / 1e9 <= now + FUTURE_S)

    def note(self, documents: Iterable[Mapping[str, Any]]) -> None:
        """Add events as the engine sends them, oldest first; those that are known already are left out."""
        known = self._until
        for document in documents:
            at = int(document.get("timeNano", 0)) / 1e9
            actor = document.get("Actor") or {}
            if at <= known or not actor.get("ID"):
                continue
            self._until = max(self._until, at)
            ending = Ending(at, str(document.get("Action")), str((actor.get("Attributes") or {}).get("exitCode", "")))
            self._events.setdefault(str(actor["ID"]), deque(maxlen=KEPT)).append(ending)
        while len(self._events) > CONTAINERS:
            del self._events[next(iter(self._events))]

    def of(self, container_id: str, now: float) -> list[list[Any]]:
        """[[unix seconds, whether the main process was killed], ...] of the last hour, oldest first."""
        return [[at, whole] for at, whole in kills(self._events.get(container_id, ())) if now - at <= KEEP_S]


def kills(events: Iterable[Ending]) -> list[tuple[float, bool]]:
    """The kills among the events of one container, oldest first. Pure.

    Several `oom` events before one end are one kill of the container; without an end, each has killed a child.
    """
    found: list[tuple[float, bool]] = []
    open_at: list[float] = []
    for event in events:
        if event.kind == "oom":
            open_at.append(event.at)
            continue
        near = [at for at in open_at if event.at - at <= TOGETHER_S]
        if event.exit_code == SIGKILLED and near:
            found += [(at, False) for at in open_at if at not in near]
            found.append((event.at, True))
        else:
            found += [(at, False) for at in open_at]
        open_at = []
    return [*found, *((at, False) for at in open_at)]
