"""The buttons of a page. One that changes something leads to its plan and ends in "…"."""

from __future__ import annotations

from collections.abc import Mapping

from manage.immutable import dataclass


@dataclass(frozen=True)
class Action:
    """A link to the plan of a change, or to an explanation."""

    label: str
    endpoint: str
    args: Mapping[str, str]


START = Action("Start the stack…", "plan.page", {"verb": "up"})
APPLY = Action("Apply stack.yml…", "plan.page", {"verb": "up"})
STOP = Action("Stop the stack…", "plan.page", {"verb": "down"})


def restart(service: str) -> Action:
    return Action(f"Restart {service}…", "plan.page", {"verb": "restart", "service": service})


def show_log(service: str, label: str = "Show the log") -> Action:
    return Action(label, "logs.page", {"name": service})


def show_evidence(service: str) -> Action:
    return Action("Show the evidence", "service.page", {"name": service})
