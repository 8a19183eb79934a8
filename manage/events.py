"""What a change tells while it runs: values that the CLI prints and the agent streams."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

EventKind = Literal["note", "warning", "step", "done", "wait", "failed", "log"]


@dataclass(frozen=True)
class Event:
    """One thing that happened, in words."""

    kind: EventKind
    service: str
    """The service it is about, "" for the whole."""
    text: str


Progress = Callable[[Event], None]


def silent(_event: Event) -> None:
    """A `Progress` for callers who do not want to know."""
