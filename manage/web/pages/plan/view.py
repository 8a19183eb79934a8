"""What the page of a plan shows, from the agent's answer. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from manage import words
from manage.access import roles
from manage.access.roles import Role
from manage.immutable import dataclass
from manage.web.pages.plan.change import ROLES, Change
from manage.web.pages.plan.rows import PlanRow, plan_row

NOTHING = "There is nothing to do: everything runs as configured."
DOWN = "The containers are stopped and removed. Data is kept. The manager keeps running."
NOTES = {
    "changed": "The plan changed after it was shown to you, so nothing was done. Review the new plan.",
    "expired": "Your confirmation came too late or was used before, so nothing was done. Confirm the plan again.",
}


@dataclass(frozen=True)
class PlanView:
    change: Change
    heading: str
    note: str
    """Why the plan that the user confirmed was not applied."""
    summary: str
    rows: tuple[PlanRow, ...]
    digest: str
    """Of the plan shown here: confirming it confirms this plan only. "" if the agent gives none."""
    button: str
    needed_role: Role
    is_allowed: bool
    challenge: Mapping[str, Any]
    """What the person confirms the change with: `id`, and `answer`, which is "code" or "password". {} for none."""
    error: str
    """Why the last confirmation failed."""


def plan_view(change: Change, answer: Mapping[str, Any], role: Role, *, note: str = "", error: str = "") -> PlanView:
    """`answer` is the agent's answer to the verb `plan`; `role` is the user's."""
    operations = answer["operations"]
    needed = ROLES[change.verb]
    return PlanView(
        change=change,
        heading=heading(change, operations),
        note=note,
        summary=summary(change, operations),
        rows=tuple(map(plan_row, operations)),
        digest=str(answer.get("digest", "")),
        button=button(change, operations),
        needed_role=needed,
        is_allowed=roles.may(role, needed),
        challenge={},
        error=error,
    )


def heading(change: Change, operations: Sequence[Mapping[str, Any]]) -> str:
    """The question that the button answers."""
    match change.verb:
        case "restart":
            return f"Restart {words.listing(change.services)}?"
        case "down":
            return "Stop the stack?"
    if change.services:
        return f"Apply stack.yml to {words.listing(change.services)}?"
    return "Start the stack?" if _only_creates(operations) else "Apply stack.yml?"


def summary(change: Change, operations: Sequence[Mapping[str, Any]]) -> str:
    """What to know before the table."""
    if not operations:
        return NOTHING
    if change.verb == "down":
        return DOWN
    risky = [operation["service"] for operation in operations if operation["data_risk"] != "kept"]
    data = f"Data of {words.listing(risky)} is at risk." if risky else "Data is kept."
    return f"Services change one at a time. Each must pass its health checks before the next. {data}"


def button(change: Change, operations: Sequence[Mapping[str, Any]]) -> str:
    """What the button says: "Restart bitcoind, about 40 s"."""
    seconds = sum(operation["downtime_s"] for operation in operations)
    about = f", about {f'{seconds} s' if seconds < 60 else words.duration(seconds)}" if seconds else ""
    match change.verb:
        case "restart":
            return f"Restart {words.listing(change.services)}{about}"
        case "down":
            return f"Stop {words.plural(len(operations), 'service')}"
    if _only_creates(operations):
        return f"Start {words.plural(len(operations), 'service')}{about}"
    return f"Apply {words.plural(len(operations), 'change')}{about}"


def _only_creates(operations: Sequence[Mapping[str, Any]]) -> bool:
    return bool(operations) and all(operation["kind"] == "create" for operation in operations)
