"""Which of the planned operations a change does, and which services it has to prove. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from difflib import get_close_matches

from manage.apply.receipt import UNFINISHED, Receipt
from manage.errors import EXIT_USAGE, NodeyardError
from manage.plan.model import Operation, Plan


def operations(plan: Plan, names: Sequence[str]) -> tuple[Operation, ...]:
    """The plan's changes; with `names` only those of these services (and no removals)."""
    if not names:
        return plan.changes
    return tuple(operation for operation in plan.changes if operation.service in names and operation.kind != "remove")


def unproven(latest: Receipt | None, services: Iterable[str], changes: Iterable[Operation]) -> tuple[str, ...]:
    """Services that an unfinished change touched or meant to touch, which no operation of this one proves again.

    They may run as wanted already, but nobody saw them well: an interrupted `up` stops before the gate.
    """
    if latest is None or latest.state not in UNFINISHED or latest.verb not in ("up", "restart"):
        return ()
    changing = {operation.service for operation in changes}
    left = {step.service for step in latest.operations if step.outcome != "done" and step.kind != "remove"}
    return tuple(service for service in services if service in left - changing)


def known(names: Iterable[str], services: Collection[str]) -> None:
    """Raise NodeyardError for a name that is none of this stack's `services`."""
    for name in names:
        if name not in services:
            close = get_close_matches(name, services, 1)
            raise NodeyardError(
                f"There is no service {name} in this stack.",
                f"Did you mean {close[0]}?" if close else f"There are: {', '.join(services)}.",
                exit_code=EXIT_USAGE,
            )
