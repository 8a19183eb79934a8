"""A plan as text for the terminal."""

from __future__ import annotations

from manage import words
from manage.plan.model import Operation, Plan

DATA = {"kept": "data kept", "at-risk": "data at risk"}


def as_text(plan: Plan, width: int = 160, *, command: str = "manage up") -> str:
    """One row per operation, with further causes and what can be lost below it, and a summary.

    If a row would be wider than `width` characters, all causes are shown below the rows. `command` applies the plan; it
    is "" for a plan that is being applied.
    """
    changes = plan.changes
    if not changes:
        kept = len(plan.operations)
        return f"Nothing to do: {_services(kept)} as desired." if kept else "Nothing to do."
    lines = _table(changes, in_row=1)
    if max(map(len, lines)) > width:
        lines = _table(changes, in_row=0)
    return "\n".join([*lines, _sum(changes) + (f" Apply with: {command}" if command else "")])


def _table(changes: tuple[Operation, ...], *, in_row: int) -> list[str]:
    """The lines, with `in_row` causes of each operation in its row and the others below."""
    rows = [
        (str(number), operation.kind, operation.service, *(_causes(operation) or [""])[:in_row], *_cost(operation))
        for number, operation in enumerate(changes, start=1)
    ]
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    margin = " " * (2 + sum(widths[:3]) + 6)
    lines = []
    for row, operation in zip(rows, changes, strict=True):
        lines.append("  " + "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())
        lines += [margin + cause for cause in _causes(operation)[in_row:]]
        if operation.warning:
            lines.append(margin + operation.warning)
    return lines


def _cost(operation: Operation) -> tuple[str, str, str]:
    return words.downtime(operation.kind, operation.downtime_s), DATA[operation.data_risk], operation.rollback_class


def _causes(operation: Operation) -> list[str]:
    return [f"{cause.name}: {cause.current} -> {cause.desired}" for cause in operation.cause]


def _sum(changes: tuple[Operation, ...]) -> str:
    away = tuple(dict.fromkeys(operation.service for operation in changes if operation.downtime_s))
    seconds = sum(operation.downtime_s for operation in changes)
    removed = tuple(operation.service for operation in changes if operation.kind == "remove")
    head = words.plural(len(changes), "operation")
    if away:
        head += f", {words.about(seconds)} without {words.listing(away)}"
    elif not removed:
        head += ", no downtime"
    if removed:
        head += f". Afterwards, {words.listing(removed)} {'stays' if len(removed) == 1 else 'stay'} stopped"
    risky = tuple(operation.service for operation in changes if operation.data_risk != "kept")
    if risky:
        fate = f"Data of {words.listing(risky)} may be lost."
    elif removed:
        fate = f"The data of {words.listing(removed)} is kept."
    else:
        fate = "Nothing is deleted."
    return f"{head}. {fate}"


def _services(count: int) -> str:
    return f"{words.plural(count, 'service')} {'is' if count == 1 else 'are'}"
