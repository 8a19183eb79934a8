"""One row of the plan's table: an operation as text."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from manage import words
from manage.immutable import dataclass


@dataclass(frozen=True)
class Cause:
    """Something that differs from what is configured."""

    name: str
    current: str
    desired: str
    """Both are empty if the cause is not a value, such as a missing container."""


@dataclass(frozen=True)
class PlanRow:
    what: str
    causes: tuple[Cause, ...]
    downtime: str
    data: str
    rollback: str


def plan_row(operation: Mapping[str, Any]) -> PlanRow:
    """`operation` as in the plan's JSON."""
    return PlanRow(
        what=f"{operation['kind']} {operation['service']}",
        causes=tuple(map(_cause, operation["cause"])),
        downtime=words.downtime(operation["kind"], operation["downtime_s"]),
        data=str(operation["data_risk"]).replace("-", " "),
        rollback=str(operation["rollback_class"]).replace("-", " "),
    )


def _cause(cause: Mapping[str, Any]) -> Cause:
    current, desired = str(cause["current"] or ""), str(cause["desired"] or "")
    if current or desired:
        return Cause(str(cause["name"]), current or "none", desired or "none")
    return Cause(str(cause["name"]), "", "")
