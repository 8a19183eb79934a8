"""Progress events of a change: the CLI prints them and the agent streams them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

EventKind = Literal["note", "warning", "step", "done", "wait", "failed", "log"]


@dataclass(frozen=True)
class Event:
    """One event of a change, as text."""

    kind: EventKind
    service: str
    """The service it concerns, "" for the whole stack."""
    text: str


Progress = Callable[[Event], None]


def silent(_event: Event) -> None:
    """A `Progress` that discards every event."""
