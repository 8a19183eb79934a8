"""Which planned operations a change applies, and which services it only gates. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from manage.apply.receipt import UNFINISHED, Receipt
from manage.plan.model import Operation, Plan


def selected(plan: Plan, services: Sequence[str]) -> tuple[Operation, ...]:
    """The plan's changes; with `services` only those of these services, and no removals."""
    if not services:
        return plan.changes
    return tuple(step for step in plan.changes if step.service in services and step.kind != "remove")


def unproven(latest: Receipt | None, services: Iterable[str], changes: Iterable[Operation]) -> tuple[str, ...]:
    """Services that an unfinished change left without a passed gate, and that no operation of this change gates.

    They may already run as desired, but no gate saw them healthy: an interrupted `up` stops before the gate.
    """
    if latest is None or latest.state not in UNFINISHED or latest.verb not in ("up", "restart"):
        return ()
    changing = {operation.service for operation in changes}
    left = {step.service for step in latest.operations if step.outcome != "done" and step.kind != "remove"}
    return tuple(service for service in services if service in left - changing)
