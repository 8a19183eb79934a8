"""The snapshot of all services holds only so much of each."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

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
