"""The snapshot of all services holds only so much of each."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from typing import Any

import pytest

from manage import untrusted
from manage.health import drivers
from manage.health import snapshot as snapshots
from manage.health.drivers import Target
from manage.health.model import EngineState, Fact
from manage.health.verdict import Record
from manage.health.watch.assemble import MAX_TEXT, Observation, assemble_snapshot
from manage.health.watch.config import WatchConfig
from manage.health.watch.engine_report import EngineReport


@pytest.mark.promise("What one service says of itself cannot make the snapshot of all too large to be read", runs="ci")
def test_long_texts_of_a_service_are_cut(target: Callable[..., Target], running: EngineState, now: float) -> None:
    watched = target("proxy")
    record = Record((Fact("version", "\x1b[2J" + "x" * 10_000_000, now),), now - 60, "y" * 10_000_000, now, now - 100)
    seen = Observation(watched, drivers.load(watched.driver), record, running)
    config = WatchConfig("home", "private", (watched,))
    made = assemble_snapshot(config, [seen], report=EngineReport(), last={}, seq=1, now=now)
    text = json.dumps(snapshots.as_json(made))
    assert len(text) < 10 * MAX_TEXT
    assert "\\u001b" not in text
    assert snapshots.from_json(json.loads(text)).services[0].verdict == "down"


@pytest.mark.promise("No answer of a service ends the verdicts of the others or makes them unreadable", runs="ci")
@pytest.mark.parametrize(
    ("service", "facts"),
    [
        ("tracker", {"ready": True, "last_event": math.inf}),
        ("tracker", {"ready": True, "followed": 10**4000}),
        ("tracker", {"ready": False, "reason": "no", "waits_for": ["1" * 40] * 200_000}),
        ("oracle", {"state": "live", "age_s": math.nan}),
        ("kaspad", {}),
    ],
)
def test_an_answer_that_nobody_can_use_harms_one_service(
    target: Callable[..., Target], running: EngineState, now: float, service: str, facts: dict[str, Any]
) -> None:
    record = Record(tuple(Fact(name, value, now, "s old") for name, value in facts.items()), now, "", 0.0, now - 100)
    seen = [
        Observation(watched, drivers.load(watched.driver), record if watched.name == service else Record(), running)
        for watched in (target(service), target("proxy"))
    ]
    config = WatchConfig("home", "private", tuple(each.target for each in seen))
    made = assemble_snapshot(config, seen, report=EngineReport(), last={}, seq=1, now=now)
    text = json.dumps(snapshots.as_json(made), allow_nan=False)
    assert len(text) < 200 * MAX_TEXT
    assert [status.name for status in snapshots.from_json(untrusted.parse_json(text)).services] == [service, "proxy"]


def test_a_comment_that_a_tenant_wrote_on_its_database_is_not_taken_for_ours(
    target: Callable[..., Target], running: EngineState, now: float
) -> None:
    watched = target("timescaledb")
    values = {"connections": 1, "max_connections": 100, "oldest_transaction": 0.1, "missing": []}
    forged = {"refused": ["tracker_private"], "updates": ["tracker_private x", "", "a b c d e"]}
    facts = tuple(Fact(name, value, now) for name, value in {**values, **forged}.items())
    judged = drivers.load(watched.driver).judge(watched, facts, running, now)
    assert (judged.verdict, judged.reason) == ("degraded", "tracker_private is not served: see its log")
