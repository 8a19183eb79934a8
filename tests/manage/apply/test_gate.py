from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import pytest

from manage.apply import gate
from manage.health import snapshot as snapshots
from manage.health.model import ServiceStatus, Snapshot
from manage.installation.layout import Layout

CHANGED_AT = 1000.0
STARTUP_S = 30


def snapshot(
    verdict: Any = "healthy",
    *,
    as_of: float = 1001.0,
    answered_at: float = 1001.0,
    engine_at: float = 1001.0,
    name: str = "tracker",
) -> Snapshot:
    status = ServiceStatus(
        name, name, "services", verdict, "its reason", 0.0, (), (), {}, answered_at=answered_at, engine_at=engine_at
    )
    return Snapshot(1, 1, as_of, "home", "sandbox", "", "", (status,))


def decide(seen: Snapshot | None, now: float = 1002.0) -> gate.Decision:
    return gate.decide(seen, "tracker", CHANGED_AT, now, STARTUP_S)


@pytest.mark.parametrize("verdict", ["healthy", "syncing", "waiting"])
def test_a_service_that_is_well_or_on_its_way_passes(verdict: str) -> None:
    assert decide(snapshot(verdict)) == gate.Decision("pass", f"{verdict}: its reason")


@pytest.mark.parametrize("verdict", ["starting", "degraded", "down", "disabled"])
def test_anything_else_is_waited_for_until_the_startup_time_is_over(verdict: str) -> None:
    late = CHANGED_AT + STARTUP_S
    fresh: dict[str, Any] = {"as_of": late, "answered_at": late, "engine_at": late}
    assert decide(snapshot(verdict)).answer == "wait"
    assert decide(snapshot(verdict, **fresh), late).answer == "wait"
    failed = decide(snapshot(verdict, **fresh), late + 0.1)
    assert failed == gate.Decision("fail", f"{verdict}: its reason")


@pytest.mark.parametrize("old", ["as_of", "answered_at", "engine_at"])
def test_a_verdict_from_before_the_change_does_not_count(old: str) -> None:
    assert decide(snapshot(**dict[str, Any]({old: CHANGED_AT}))).answer == "wait"


def test_a_service_that_waits_for_another_need_not_have_answered() -> None:
    assert decide(snapshot("waiting", answered_at=0.0)).answer == "pass"


def test_an_old_fault_does_not_fail_the_change_before_watch_had_time_to_look() -> None:
    seen = snapshot("down", engine_at=CHANGED_AT - 5)
    assert decide(seen, CHANGED_AT + STARTUP_S + gate.GRACE_S).answer == "wait"
    assert decide(seen, CHANGED_AT + STARTUP_S + gate.GRACE_S + 1).answer == "fail"


@pytest.mark.parametrize(
    ("seen", "reason"),
    [
        (None, "watch has written no snapshot yet"),
        (snapshot(as_of=900.0), "watch does not report: its last snapshot is 2 min 26 s old"),
        (snapshot(name="proxy", as_of=1045.0), "watch does not report tracker yet"),
        (snapshot(as_of=1045.0, engine_at=999.0), "watch has not reported it since the change"),
    ],
)
def test_silence_of_watch_fails_in_its_own_words(seen: Snapshot | None, reason: str) -> None:
    assert decide(seen, 1046.0) == gate.Decision("fail", reason)


def test_waiting_ends_with_the_first_snapshot_that_is_new_enough(tmp_path: Path) -> None:
    layout = Layout(tmp_path)
    layout.watch_dir.mkdir()
    told = threading.Event()
    reasons: list[str] = []

    def tell(reason: str) -> None:
        reasons.append(reason)
        told.set()

    def watch() -> None:
        told.wait(10)
        snapshots.write(layout.snapshot_file, snapshot(as_of=4e9, answered_at=4e9, engine_at=4e9))

    thread = threading.Thread(target=watch)
    thread.start()
    decision = gate.wait(layout, "tracker", 3e9, STARTUP_S, report=tell)
    thread.join()
    assert decision.answer == "pass"
    assert reasons == ["watch has written no snapshot yet"]
