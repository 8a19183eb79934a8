"""Common values of the health tests; each test changes what it is about."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from manage.catalog.drivers.options import option_values, threshold_values
from manage.catalog.drivers.read import declaration
from manage.catalog.model import Need
from manage.health.drivers import Target
from manage.health.model import EngineState, Fact, ServiceStatus, Snapshot
from tests.manage.health.cases import SERVICES, service_health

NOW = 1_795_300_000.0


@pytest.fixture
def now() -> float:
    return NOW


@pytest.fixture
def target() -> Callable[..., Target]:
    """A target with the thresholds of its service.yml and the declared defaults."""

    def make(name: str, network: str = "private", *, needs: tuple[Need, ...] = (), **fields: Any) -> Target:
        unknown: dict[str, Any] = {"driver": name, "thresholds": {}, "options": {}}
        health = service_health(name, network) if (SERVICES / name).is_dir() else unknown
        driver = fields.pop("driver", health["driver"])
        declared = declaration(driver)
        return Target(
            name=name,
            title=fields.pop("title", name.capitalize()),
            group=fields.pop("group", "chains"),
            driver=driver,
            network=network,
            needs=needs,
            thresholds=threshold_values(declared, {**health["thresholds"], **fields.pop("thresholds", {})}),
            options=option_values(declared, {**health["options"], **fields.pop("options", {})}),
            **fields,
        )

    return make


@pytest.fixture
def running() -> EngineState:
    """A container that has run for an hour."""
    return EngineState("running", at=NOW - 1, started_at=NOW - 3600)


@pytest.fixture
def status() -> Callable[..., ServiceStatus]:
    def make(name: str, verdict: Any = "healthy", reason: str = "", **fields: Any) -> ServiceStatus:
        return ServiceStatus(
            name=name,
            title=fields.pop("title", name.capitalize()),
            group=fields.pop("group", "services"),
            verdict=verdict,
            reason=reason or f"it is {verdict}",
            since=fields.pop("since", NOW - 250),
            waits_for=fields.pop("waits_for", ()),
            facts=fields.pop("facts", (Fact("peers", 8, NOW - 2),)),
            checks=fields.pop("checks", {}),
            **fields,
        )

    return make


@pytest.fixture
def snapshot_of() -> Callable[..., Snapshot]:
    def make(*services: ServiceStatus, **fields: Any) -> Snapshot:
        return Snapshot(
            version=1,
            seq=fields.pop("seq", 7),
            as_of=NOW,
            name="home",
            network="sandbox",
            sentence=fields.pop("sentence", "All is well."),
            detail=fields.pop("detail", ""),
            services=services,
            host=fields.pop("host", {}),
        )

    return make
