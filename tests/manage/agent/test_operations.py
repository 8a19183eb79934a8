"""One change at a time."""

from __future__ import annotations

import threading

import pytest

from manage.access.refusals import Refused
from manage.agent.operations import Operations


def test_the_second_is_told_who_holds_the_place() -> None:
    operations = Operations()
    operations.begin("up", "ann", [])
    with pytest.raises(Refused, match="up by ann is running"):
        operations.begin("down", "bob", [])


def test_whoever_shuts_down_waits_for_the_change_that_runs() -> None:
    operations = Operations()
    running = operations.begin("up", "ann", [])
    assert not operations.wait_idle(0.01)
    threading.Timer(0.05, operations.end, (running,), {"result": {}, "error": None}).start()
    assert operations.wait_idle(10)


def test_old_changes_and_old_events_are_forgotten() -> None:
    operations = Operations()
    first = operations.begin("up", "ann", [])
    for number in range(1000):
        operations.add_event(first, {"kind": "note", "service": "", "text": str(number)})
    assert len(first.events) == 500 and first.events[-1]["text"] == "999"
    operations.end(first, result={}, error=None)
    for _ in range(20):
        operations.end(operations.begin("up", "ann", []), result={}, error=None)
    with pytest.raises(Refused, match="does not know this operation"):
        operations.require(first.id)
