"""What the page of a running or finished change shows, from the agent's answer. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from manage import words
from manage.health.model import VerdictName
from manage.immutable import dataclass
from manage.web.pages.plan.change import Change

_VERDICTS: Mapping[str, VerdictName] = {"running": "syncing", "done": "healthy", "failed": "down"}
_LEVELS = {"failed": "error", "warning": "warning"}


@dataclass(frozen=True)
class Step:
    at: float
    service: str
    text: str
    level: str
    """"error", "warning" or ""."""


@dataclass(frozen=True)
class ProgressView:
    id: str
    change: Change
    is_running: bool
    has_changed: bool
    """The agent did nothing, because the plan differed from the one that the user confirmed."""
    verdict: VerdictName
    """Sets the colour of the sentence."""
    title: str
    detail: str
    hint: str
    steps: tuple[Step, ...]


def progress_view(operation: Mapping[str, Any]) -> ProgressView:
    """`operation` is the agent's answer to the verb `progress`."""
    state, error = str(operation["state"]), operation["error"] or {}
    change = Change(str(operation["kind"]), tuple(operation["services"]))
    started_by = f"Started by {operation['by']}. It continues if you leave this page."
    return ProgressView(
        id=str(operation["id"]),
        change=change,
        is_running=state == "running",
        has_changed=error.get("kind") == "changed",
        verdict=_VERDICTS[state],
        title=title(change, state),
        detail=str(error.get("message") or operation["result"].get("summary") or started_by),
        hint=str(error.get("hint", "")),
        steps=_steps(operation["events"]),
    )


def title(change: Change, state: str) -> str:
    """The change as a sentence: "Restarting kaspad", "kaspad was restarted", "Restarting kaspad failed"."""
    names = words.listing(change.services)
    match change.verb:
        case "restart":
            running, done = f"Restarting {names}", f"{names} {'was' if len(change.services) == 1 else 'were'} restarted"
        case "down":
            running, done = "Stopping the stack", "The stack was stopped"
        case _:
            target = f" to {names}" if change.services else ""
            running, done = f"Applying stack.yml{target}", f"stack.yml was applied{target}"
    return {"running": running, "done": done}.get(state, f"{running} failed")


def _steps(events: Sequence[Mapping[str, Any]]) -> tuple[Step, ...]:
    return tuple(
        Step(event["at"], str(event.get("service", "")), str(event["text"]), _LEVELS.get(event["kind"], ""))
        for event in events
        if event.get("text")
    )
