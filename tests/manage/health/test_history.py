"""The history, also across restarts of watch."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from manage.health.history import KEEP_POINTS_S, KEEP_VERDICTS_S, POINT_S, History, LastVerdict
from manage.health.model import ServiceStatus

Status = Callable[..., ServiceStatus]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "history.db"


@pytest.fixture
def history(path: Path) -> Iterator[History]:
    opened = History(path)
    yield opened
    opened.close()


def test_verdicts_become_spans(history: History, status: Status, now: float) -> None:
    history.record([status("kaspad")], now - 100)
    history.record([status("kaspad")], now - 60)
    history.record([status("kaspad", "down", since=now - 50)], now - 50)
    history.record([status("kaspad", "down", since=now - 50)], now)
    assert history.strips(24, now) == {"kaspad": [(now - 100, now - 50, "healthy"), (now - 50, now, "down")]}


def test_strips_begin_at_the_requested_time(history: History, status: Status, now: float) -> None:
    history.record([status("kaspad")], now - 7200)
    history.record([status("kaspad")], now)
    assert history.strips(1, now)["kaspad"] == [(now - 3600, now, "healthy")]


def test_since_and_verdict_survive_a_restart(path: Path, status: Status, now: float) -> None:
    first = History(path)
    first.record([status("kaspad", "down", since=now - 500)], now - 400)
    first.close()
    second = History(path)
    assert second.last() == {"kaspad": LastVerdict("down", now - 500)}
    second.close()


def test_a_restart_leaves_no_gap_but_a_long_absence_does(path: Path, status: Status, now: float) -> None:
    for at in (now - 1000, now - 500, now - 495):
        opened = History(path)
        opened.record([status("kaspad")], at)
        opened.record([status("kaspad")], at + 4)
        opened.close()
    reopened = History(path)
    assert reopened.strips(24, now)["kaspad"] == [
        (now - 1000, now - 996, "healthy"),
        (now - 500, now - 491, "healthy"),
    ]
    reopened.close()


def test_numbers_are_kept_by_the_minute(history: History, now: float) -> None:
    minute = now // POINT_S * POINT_S
    history.record_points({("kaspad", "peers"): 7.0}, minute + 1)
    history.record_points({("kaspad", "peers"): 8.0, ("host", "load_1"): 0.5}, minute + 59)
    assert history.series(1, now + 60) == {
        "host": {"load_1": [(minute, 0.5)]},
        "kaspad": {"peers": [(minute, 8.0)]},
    }
    assert list(history.series(1, now + 60, "host")) == ["host"]


def test_long_series_are_thinned_to_means(history: History, now: float) -> None:
    for number in range(24 * 60):
        history.record_points({("kaspad", "peers"): float(number % 2)}, now - number * POINT_S)
    peers = history.series(24, now)["kaspad"]["peers"]
    assert len(peers) <= 97
    assert all(0.4 < mean < 0.6 for _, mean in peers[1:-1])


def test_changes_come_newest_first_with_their_reason(history: History, status: Status, now: float) -> None:
    history.record([status("kaspad", "down", "silent", since=now - 90)], now - 90)
    history.record([status("kaspad", "healthy", "well", since=now - 10)], now - 10)
    assert history.changes("kaspad") == [(now - 10, "healthy", "well"), (now - 90, "down", "silent")]


def test_old_entries_are_deleted(history: History, status: Status, now: float) -> None:
    history.record([status("kaspad")], now - KEEP_VERDICTS_S - 10)
    history.record_points({("kaspad", "peers"): 1.0}, now - KEEP_POINTS_S - 120)
    history.prune(now)
    assert history.strips(24 * 500, now) == {}
    assert history.series(24 * 31, now) == {}


@pytest.mark.parametrize("what", ["broken", "newer"])
def test_an_unusable_database_is_renamed_and_replaced(path: Path, what: str) -> None:
    if what == "broken":
        path.write_bytes(b"not a database, and long enough to be taken for one" * 100)
    else:
        newer = sqlite3.connect(path)
        newer.execute("pragma user_version = 99")
        newer.close()
    opened = History(path)
    assert opened.last() == {}
    opened.close()
    assert path.with_name("history.db.old").exists()
