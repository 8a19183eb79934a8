"""The drivers of our own services: facts in, judgement out; every driver of the catalog is there."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from manage.health import drivers
from manage.health.drivers import Target
from manage.health.model import EngineState, Fact
from manage.health.probes import agent, proxy, timescaledb, tracker, watch

CATALOG = Path(__file__).parents[3] / "profiles" / "services"


@pytest.mark.parametrize("path", sorted(CATALOG.glob("*/service.yml")), ids=lambda path: path.parent.name)
def test_every_service_of_the_catalog_has_a_driver(path: Path) -> None:
    driver = drivers.load(yaml.safe_load(path.read_text())["health"]["driver"])
    assert inspect.iscoroutinefunction(driver.probe)
    assert list(inspect.signature(driver.judge).parameters)[1:] in (
        ["facts", "engine", "now"],
        ["facts", "_engine", "now"],
        ["facts", "_engine", "_now"],
    )


def facts(at: float, **measured: Any) -> tuple[Fact, ...]:
    return tuple(Fact(name, value, at) for name, value in measured.items())


DATABASE = {"connections": 18, "max_connections": 100, "oldest_transaction": 0.2, "missing": []}


@pytest.mark.parametrize(
    ("changes", "verdict", "reason"),
    [
        ({}, "healthy", "18 of 100 connections, oldest transaction 0.2 s"),
        ({"connections": 91}, "degraded", "91 of 100 connections"),
        ({"oldest_transaction": 700.0}, "degraded", "oldest transaction 11 min 40 s"),
        ({"missing": ["tracker_sandbox", "tracker"]}, "degraded", "not there yet: tracker_sandbox and tracker"),
    ],
)
def test_database(
    target: Callable[..., Target], running: EngineState, now: float, changes: dict[str, Any], verdict: str, reason: str
) -> None:
    judgement = timescaledb.judge(target("timescaledb"), facts(now, **{**DATABASE, **changes}), running, now)
    assert judgement.verdict == verdict
    assert judgement.reason.startswith(reason) or reason in judgement.reason
    assert judgement.checks["ready"] is (not changes.get("missing"))


def test_databases_may_take_the_start_to_be_made(target: Callable[..., Target], now: float) -> None:
    young = EngineState("running", at=now, started_at=now - 3)
    judgement = timescaledb.judge(target("timescaledb"), facts(now, **{**DATABASE, "missing": ["x"]}), young, now)
    assert judgement.verdict == "starting"


def test_the_owner_of_a_database_is_its_name_without_the_network(target: Callable[..., Target]) -> None:
    stack = target("timescaledb", "sandbox", databases=("tracker_sandbox", "watch_sandbox"))
    assert timescaledb.owners(stack) == ["tracker", "watch"]


def test_tracker_says_what_it_follows(target: Callable[..., Target], running: EngineState, now: float) -> None:
    measured = facts(now - 1, ready=True, reason="", waits_for=[], followed=212, last_event=0.1)
    judgement = tracker.judge(target("tracker"), measured, running, now)
    assert (judgement.verdict, judgement.reason) == ("healthy", "212 addresses followed, last event 1.1 s ago")
    assert judgement.checks == {"ready": True}


def test_tracker_that_is_not_ready_says_why_and_for_whom(
    target: Callable[..., Target], running: EngineState, now: float
) -> None:
    measured = facts(now, ready=False, reason="kaspad has no UTXO index", waits_for=["kaspad"])
    judgement = tracker.judge(target("tracker"), measured, running, now)
    assert (judgement.verdict, judgement.waits_for) == ("degraded", ("kaspad",))
    assert judgement.reason == "not ready: kaspad has no UTXO index"


def test_tracker_may_take_its_start_to_get_ready(target: Callable[..., Target], now: float) -> None:
    young = EngineState("running", at=now, started_at=now - 3)
    measured = facts(now, ready=False, reason="no snapshot yet", waits_for=[])
    assert tracker.judge(target("tracker"), measured, young, now).verdict == "starting"


def test_agent_is_down_when_its_report_grows_old(
    target: Callable[..., Target], running: EngineState, now: float
) -> None:
    report = facts(now - 1.2, engine_read=0.0, operation="up by admin")
    assert agent.judge(target("agent"), report, running, now).reason == "engine read 1.2 s ago, up by admin"
    late = agent.judge(target("agent"), report, running, now + 12)
    assert (late.verdict, late.reason) == ("down", "its last report of the engine is 13 s old")


@pytest.mark.parametrize(
    ("changes", "verdict"),
    [({}, "healthy"), ({"history_fault": "disk I/O error"}, "degraded"), ({"late": 9.0}, "degraded")],
)
def test_watch_judges_itself(
    target: Callable[..., Target], running: EngineState, now: float, changes: dict[str, Any], verdict: str
) -> None:
    measured = facts(now, **{"services": 8, "late": 0.01, "history_fault": "", "memory_bytes": 1, **changes})
    assert watch.judge(target("watch"), measured, running, now).verdict == verdict


@pytest.mark.parametrize(("status", "verdict"), [(200, "healthy"), (503, "degraded"), (404, "degraded")])
def test_proxy_by_its_health_route(
    target: Callable[..., Target], running: EngineState, now: float, status: int, verdict: str
) -> None:
    judgement = proxy.judge(target("proxy"), facts(now, http_status=status, answer_ms=2.5), running, now)
    assert judgement.verdict == verdict
