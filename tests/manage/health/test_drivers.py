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
from manage.health.probes import agent, timescaledb

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


def test_the_owner_of_a_database_is_its_name_without_the_network(target: Callable[..., Target]) -> None:
    stack = target("timescaledb", "sandbox", databases=("tracker_sandbox", "watch_sandbox"))
    assert timescaledb.owners(stack) == ["tracker", "watch"]


def test_agent_is_down_when_its_report_grows_old(
    target: Callable[..., Target], running: EngineState, now: float
) -> None:
    report = facts(now - 1.2, engine_read=0.0, operation="up by admin")
    assert agent.judge(target("agent"), report, running, now).reason == "engine read 1.2 s ago, up by admin"
    late = agent.judge(target("agent"), report, running, now + 12)
    assert (late.verdict, late.reason) == ("down", "its last report of the engine is 13 s old")
