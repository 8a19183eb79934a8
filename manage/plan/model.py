"""A plan: what would be done, why, and at what cost."""

from __future__ import annotations

import hashlib
import json
from functools import cached_property
from typing import Any, Literal

from manage.immutable import dataclass

Kind = Literal["create", "recreate", "restart", "reload", "update", "unpause", "remove", "keep"]
"""`update` changes the format of a service's data, while its container runs."""
STARTING: tuple[Kind, ...] = ("create", "recreate", "restart")
"""The kinds that start a container."""
DataRisk = Literal["kept", "at-risk"]


@dataclass(frozen=True)
class Difference:
    """One named difference between what runs and the desired state."""

    name: str
    current: str
    desired: str


@dataclass(frozen=True)
class Operation:
    """One step of a plan: what happens to a service, and why."""

    kind: Kind
    service: str
    cause: tuple[Difference, ...]
    downtime_s: int
    data_risk: DataRisk
    rollback_class: str
    project: str = ""
    container_id: str = ""
    """Id of the container that it changes ("" for create); nothing is removed by name."""
    warning: str = ""
    """What can be lost, as the catalog describes it, if data is at risk."""


@dataclass(frozen=True)
class Plan:
    """The operations of a change, in their order."""

    operations: tuple[Operation, ...]
    """In the order in which they are applied, `keep` included."""

    @cached_property
    def changes(self) -> tuple[Operation, ...]:
        return tuple(operation for operation in self.operations if operation.kind != "keep")

    @cached_property
    def risky(self) -> tuple[Operation, ...]:
        """The operations that can lose data."""
        return tuple(operation for operation in self.changes if operation.data_risk != "kept")

    @cached_property
    def digest(self) -> str:
        """sha256 hex over the changes with causes, container ids and data risk: equal for plans that do the same."""
        parts = [
            {
                "kind": operation.kind,
                "service": operation.service,
                "project": operation.project,
                "container_id": operation.container_id,
                "cause": _causes(operation),
                "data_risk": operation.data_risk,
            }
            for operation in self.changes
        ]
        return hashlib.sha256(json.dumps(parts, sort_keys=True, ensure_ascii=False).encode()).hexdigest()


def as_json(plan: Plan) -> dict[str, Any]:
    """The shape of `manage plan --json`: keys may be added, never renamed."""
    return {
        "operations": [
            {
                "kind": operation.kind,
                "service": operation.service,
                "cause": _causes(operation),
                "downtime_s": operation.downtime_s,
                "data_risk": operation.data_risk,
                "rollback_class": operation.rollback_class,
                "warning": operation.warning,
            }
            for operation in plan.changes
        ],
        "digest": plan.digest,
    }


def _causes(operation: Operation) -> list[dict[str, str]]:
    return [{"name": d.name, "current": d.current, "desired": d.desired} for d in operation.cause]
