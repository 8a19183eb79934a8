"""A plan as people read it in the terminal."""

from __future__ import annotations

from manage import words
from manage.plan.model import Operation, Plan

DATA = {"kept": "data kept", "at-risk": "data at risk", "deleted": "data deleted"}


def text(plan: Plan) -> str:
    """One row an operation, further causes below it, what is lost, and a sentence that sums it up."""
    changes = plan.changes
    if not changes:
        kept = len(plan.operations)
        return f"Nothing to do: {_services(kept)} as wanted." if kept else "Nothing to do."
    rows = [
        (str(number), operation.kind, operation.service, *_first(operation))
        for number, operation in enumerate(changes, start=1)
    ]
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    lines = []
    for row, operation in zip(rows, changes, strict=True):
        lines.append("  " + "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())
        margin = " " * (2 + sum(widths[:3]) + 6)
        lines += [margin + _cause(operation, index) for index in range(1, len(operation.cause))]
        if operation.warning:
            lines.append(margin + operation.warning)
    return "\n".join([*lines, _sum(changes)])


def _first(operation: Operation) -> tuple[str, str, str, str]:
    downtime = _about(operation.downtime_s) if operation.downtime_s else "no downtime"
    cause = _cause(operation, 0) if operation.cause else ""
    return cause, downtime, DATA[operation.data_risk], operation.rollback_class


def _cause(operation: Operation, index: int) -> str:
    cause = operation.cause[index]
    return f"{cause.name}: {cause.current} -> {cause.desired}"


def _sum(changes: tuple[Operation, ...]) -> str:
    away = tuple(dict.fromkeys(operation.service for operation in changes if operation.downtime_s))
    seconds = sum(operation.downtime_s for operation in changes)
    downtime = f"{_about(seconds)} without {words.listing(away)}" if away else "no downtime"
    removed = tuple(operation.service for operation in changes if operation.kind == "remove")
    risky = tuple(operation.service for operation in changes if operation.data_risk != "kept")
    if risky:
        fate = f"Data of {words.listing(risky)} may be lost."
    elif removed:
        fate = f"What {words.listing(removed)} stored stays."
    else:
        fate = "Nothing is deleted."
    return f"{words.plural(len(changes), 'operation')}, {downtime}. {fate} Apply with: manage up"


def _about(seconds: int) -> str:
    return f"about {seconds} s" if seconds < 60 else f"about {words.duration(seconds)}"


def _services(count: int) -> str:
    return f"{words.plural(count, 'service')} {'is' if count == 1 else 'are'}"
