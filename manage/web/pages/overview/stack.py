"""The stack as a whole, from the verdicts of its services."""

from __future__ import annotations

from collections.abc import Iterable

from manage.health import summary
from manage.health.model import ServiceStatus, VerdictName


def is_down(services: Iterable[ServiceStatus]) -> bool:
    """Every service but the manager's own was stopped on purpose."""
    verdicts = {service.verdict for service in services if service.group != "manager"}
    return verdicts == {"disabled"}


def worst_verdict(services: Iterable[ServiceStatus]) -> VerdictName:
    """In the order of `manage.health.sentence`, which leaves out waiting: its cause is another service."""
    verdicts = {service.verdict for service in services}
    for verdict in summary.WORST_FIRST:
        if verdict in verdicts:
            return verdict
    return "healthy" if "healthy" in verdicts else "disabled"
