"""What the tracker does when its database goes away, hangs or comes back."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.stage.ports import free_port
from tests.tracker.cluster import Cluster
from tests.tracker.process import Tracker
from tests.tracker.tinynode import TinyNode

Address = Callable[[int], str]


@pytest.fixture
def own_cluster() -> Iterator[Cluster]:
    """One that the test may stop."""
    with Cluster() as running:
        yield running


@pytest.fixture
def tracker(own_cluster: Cluster, node: TinyNode, tmp_path: Path) -> Iterator[Tracker]:
    env = {
        "KASPAD_URL": node.url,
        "DATABASE_URL": own_cluster.url(own_cluster.new_database()),
        "DATABASE_PASSWORD_FILE": str(own_cluster.password_file),
    }
    with Tracker(tmp_path, free_port(), env) as running:
        yield running


def test_what_is_paid_while_the_database_is_away_is_written_when_it_returns(
    tracker: Tracker, own_cluster: Cluster, node: TinyNode, address: Address
) -> None:
    tracker.wait_ready()
    tracker.follow(address(1))
    tracker.wait_amount(address(1), 0)
    own_cluster.stop()
    node.pay(address(1), 7, "away")
    gone = tracker.wait_not_ready("database")
    assert (gone["waits_for"], gone["followed"]) == (["timescaledb"], None)
    answer = tracker.ask("GET", "/api/portfolio")
    assert answer.status == 503
    assert answer.body["error"].startswith("The tracker is waiting for its database")
    assert tracker.ask("GET", "/health", token=None).status == 200
    assert tracker.metric("tracker_database_up") == 0
    own_cluster.start()
    tracker.wait_ready()
    tracker.wait_amount(address(1), 7)


def test_a_tracker_started_before_its_database_waits_for_it(
    own_cluster: Cluster, tracker: Tracker, node: TinyNode
) -> None:
    tracker.wait_ready()
    tracker.stop()
    own_cluster.stop()
    tracker.start()
    assert tracker.wait_not_ready("database")["waits_for"] == ["timescaledb"]
    own_cluster.start()
    tracker.wait_ready()


def test_a_database_that_hangs_is_noticed_and_nobody_waits_long(
    tracker: Tracker, own_cluster: Cluster, node: TinyNode
) -> None:
    tracker.wait_ready()
    with own_cluster.paused():
        assert tracker.wait_not_ready("database", deadline_s=10)["waits_for"] == ["timescaledb"]
        assert tracker.ask("GET", "/api/portfolio").status == 503
    tracker.wait_ready(deadline_s=30)
