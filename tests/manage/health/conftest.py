"""Values that the health tests begin with; each test changes what it is about."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from manage.catalog.model import Need
from manage.health.drivers import Target
from manage.health.model import EngineState, Fact, ServiceStatus, Snapshot

NOW = 1_795_300_000.0

THRESHOLDS = {
    ("kaspad", "mainnet"): {"min_peers": 1.0, "max_tip_age_s": 60.0},
    ("kaspad", "private"): {"min_peers": 0.0, "max_tip_age_s": 0.0},
    ("bitcoind", "mainnet"): {"min_peers": 1.0, "max_tip_age_s": 7200.0, "zmq_lag_s": 15.0, "ibd_is_fault": 1.0},
    ("bitcoind", "private"): {"min_peers": 0.0, "max_tip_age_s": 0.0, "zmq_lag_s": 15.0, "ibd_is_fault": 0.0},
}
"""As profiles/services/*/service.yml resolve them."""


@pytest.fixture
def now() -> float:
    return NOW


@pytest.fixture
def target() -> Callable[..., Target]:
    def make(name: str, network: str = "private", *, needs: tuple[Need, ...] = (), **fields: Any) -> Target:
        thresholds = fields.pop("thresholds", THRESHOLDS.get((name, network), {}))
        return Target(
            name=name,
            title=fields.pop("title", name.capitalize()),
            group=fields.pop("group", "chains"),
            driver=fields.pop("driver", name),
            network=network,
            needs=needs,
            thresholds=thresholds,
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
