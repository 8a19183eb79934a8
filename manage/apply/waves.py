"""Which operations of a change are carried out together, before their gates."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from manage.plan.model import Operation


def in_waves(operations: Sequence[Operation], groups: Mapping[str, str]) -> list[list[Operation]]:
    """Operations in their order. New services of one group (`groups`: service -> group) form one wave.

    Services of one group do not build on each other, and a new one replaces nothing that could be lost. Every other
    operation is a wave of its own, so that a failed gate stops the change before the next service is touched.
    """
    found: list[list[Operation]] = []
    for operation in operations:
        if found and all(_join(earlier, operation, groups) for earlier in found[-1]):
            found[-1].append(operation)
        else:
            found.append([operation])
    return found


def _join(earlier: Operation, operation: Operation, groups: Mapping[str, str]) -> bool:
    if earlier.kind != "create" or operation.kind != "create" or earlier.service == operation.service:
        return False
    group = groups.get(operation.service)
    return group is not None and groups.get(earlier.service) == group
