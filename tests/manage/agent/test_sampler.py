"""`engine.json`: written for those who must not wait for Docker."""

from __future__ import annotations

import json
import threading
from collections.abc import Mapping
from typing import Any

import pytest

from manage.agent.sampler import Pace, Sampler
from manage.errors import NodeyardError
from manage.installation.layout import Layout

FOUND = {"services": {"kaspad": {"state": "running"}}, "host": {"disk_free_bytes": 1}}


def document(layout: Layout) -> dict[str, Any]:
    return dict(json.loads(layout.engine_file.read_bytes()))


def test_a_look_becomes_a_file_with_time_number_and_what_runs(layout: Layout) -> None:
    Sampler(
        layout.engine_file, lambda: FOUND, lambda: {"kind": "up", "by": "ann", "since": 5.0}, clock=lambda: 7.0
    ).write()
    assert document(layout) == {
        "version": 1,
        "seq": 1,
        "as_of": 7.0,
        "operation": {"kind": "up", "by": "ann", "since": 5.0},
        **FOUND,
    }


def test_numbers_go_on_with_the_next_agent(layout: Layout) -> None:
    for expected in (1, 2):
        Sampler(layout.engine_file, lambda: FOUND, lambda: None).write()
        assert document(layout)["seq"] == expected


def test_an_engine_that_cannot_be_looked_at_leaves_the_old_file_to_grow_old(layout: Layout) -> None:
    Sampler(layout.engine_file, lambda: FOUND, lambda: None).write()
    before = layout.engine_file.read_bytes()

    def broken() -> Mapping[str, Any]:
        raise NodeyardError("Docker's engine does not answer.")

    with pytest.raises(NodeyardError):
        Sampler(layout.engine_file, broken, lambda: None).write()
    assert layout.engine_file.read_bytes() == before


def test_the_thread_looks_again_after_a_failed_look_and_says_the_fault_once(
    layout: Layout, caplog: pytest.LogCaptureFixture
) -> None:
    looks = 0
    enough = threading.Event()

    def flaky() -> Mapping[str, Any]:
        nonlocal looks
        looks += 1
        if looks <= 3:
            raise NodeyardError("Docker's engine does not answer.")
        if looks == 5:
            enough.set()
        return FOUND

    sampler = Sampler(layout.engine_file, flaky, lambda: None, pace=Pace(0.001, 0.001, 0.001))
    sampler.start()
    assert enough.wait(10)
    sampler.stop()
    assert document(layout)["services"] == FOUND["services"]
    assert [r.getMessage() for r in caplog.records] == ["cannot sample the engine: Docker's engine does not answer."]


def test_a_change_is_sampled_faster_as_soon_as_it_begins(layout: Layout) -> None:
    changing, sampled = threading.Event(), threading.Semaphore(0)

    def sample() -> Mapping[str, Any]:
        sampled.release()
        return FOUND

    def operation() -> Mapping[str, Any] | None:
        return {"kind": "up", "by": "ann", "since": 5.0} if changing.is_set() else None

    sampler = Sampler(layout.engine_file, sample, operation, pace=Pace(idle=3600, change=0.001, notice=0.001))
    sampler.start()
    try:
        assert sampled.acquire(timeout=10), "the first sample comes at once"
        assert not sampled.acquire(timeout=0.1), "the next one is an hour away"
        changing.set()
        assert all(sampled.acquire(timeout=10) for _ in range(3))
    finally:
        sampler.stop()
