"""What a snapshot says of the machine under the services: its disks and its clock. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from manage.health import clock, disks
from manage.health.trouble import Trouble

WORST_FIRST = ("down", "degraded", "healthy")
NAMES = ("disk", "clock")
"""What `manage why` explains besides services."""


def judged(host: Mapping[str, Any], name: str) -> Trouble | None:
    """The worst judgement of that name; None if nothing is known."""
    if name == "clock":
        return clock.judge(host)
    found = [disks.judge(disk) for disk in disks.of_host(host)]
    return min(found, key=lambda one: (not one.blocks, WORST_FIRST.index(one.verdict)), default=None)


def troubles(host: Mapping[str, Any]) -> tuple[Trouble, ...]:
    """What stands above the services: a disk that is full or read-only, and a clock that is off."""
    disk, time = judged(host, "disk"), judged(host, "clock")
    found = (disk if disk is not None and disk.blocks else None, time)
    return tuple(one for one in found if one is not None and one.verdict != "healthy")
