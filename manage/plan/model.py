"""A plan: what would be done, why, and what it costs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

Kind = Literal["create", "recreate", "restart", "reload", "unpause", "remove", "keep"]
DataRisk = Literal["kept", "at-risk", "deleted"]


@dataclass(frozen=True)
class Difference:
    """One named difference between what runs and what is wanted."""

    name: str
    current: str
    desired: str


@dataclass(frozen=True)
class Operation:
    kind: Kind
    service: str
    cause: tuple[Difference, ...]
    downtime_s: int
    data_risk: DataRisk
    rollback_class: str
    project: str = ""
    container_id: str = ""
    """For remove: the id from the facts; nothing is removed by name."""
    warning: str = ""
    """What is lost, in the catalog's words, where data is at risk."""


@dataclass(frozen=True)
class Plan:
    operations: tuple[Operation, ...]
    """In the order they would be done, `keep` included."""

    @property
    def changes(self) -> tuple[Operation, ...]:
        return tuple(operation for operation in self.operations if operation.kind != "keep")


def as_json(plan: Plan) -> dict[str, Any]:
    """The shape of `manage plan --json`: keys may be added, never renamed."""
    return {
        "operations": [
            {
                "kind": operation.kind,
                "service": operation.service,
                "cause": [{"name": d.name, "current": d.current, "desired": d.desired} for d in operation.cause],
                "downtime_s": operation.downtime_s,
                "data_risk": operation.data_risk,
                "rollback_class": operation.rollback_class,
                "warning": operation.warning,
            }
            for operation in plan.changes
        ]
    }
