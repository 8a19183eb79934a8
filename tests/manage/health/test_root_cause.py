"""From a verdict to its root cause."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from manage.errors import NodeyardError
from manage.health.model import Fact, ServiceStatus, Snapshot
from manage.health.root_cause import explain

Status = Callable[..., ServiceStatus]
SnapshotOf = Callable[..., Snapshot]


def test_the_path_leads_to_the_root_and_the_evidence_is_the_roots(
    status: Status, snapshot_of: SnapshotOf, now: float
) -> None:
    root = status(
        "timescaledb", "down", facts=(Fact("connections", 100, now - 12),), log=((now - 20, "FATAL: no space left"),)
    )
    middle = status("indexer", "waiting", waits_for=("timescaledb",))
    answer = explain(snapshot_of(root, middle, status("explorer", "waiting", waits_for=("indexer",))), "explorer")
    assert answer["verdict"] == "waiting"
    assert answer["roots"] == ["timescaledb"]
    assert answer["path"] == ["explorer", "indexer", "timescaledb"]
    assert answer["evidence"][0].items() >= {"fact": "connections", "value": 100, "age_s": 12.0}.items()
    assert answer["evidence"][1].items() >= {"log": "FATAL: no space left", "at": now - 20}.items()


def test_every_root_is_named(status: Status, snapshot_of: SnapshotOf) -> None:
    tracker = status("tracker", "waiting", waits_for=("timescaledb", "kaspad"))
    answer = explain(snapshot_of(status("timescaledb", "down"), status("kaspad", "down"), tracker), "tracker")
    assert answer["roots"] == ["timescaledb", "kaspad"]


def test_a_healthy_service_has_no_root_but_its_facts(status: Status, snapshot_of: SnapshotOf) -> None:
    answer = explain(snapshot_of(status("kaspad")), "kaspad")
    assert (answer["roots"], answer["path"]) == ([], ["kaspad"])
    assert answer["evidence"][0]["fact"] == "peers"


def test_a_service_with_a_fault_of_its_own_is_its_own_root(status: Status, snapshot_of: SnapshotOf) -> None:
    assert explain(snapshot_of(status("kaspad", "degraded")), "kaspad")["roots"] == ["kaspad"]


def test_circles_end(status: Status, snapshot_of: SnapshotOf) -> None:
    a, b = status("a", "waiting", waits_for=("b",)), status("b", "waiting", waits_for=("a",))
    assert explain(snapshot_of(a, b), "a")["path"] == ["a", "b"]


def test_an_unknown_name_is_answered_with_the_nearest(status: Status, snapshot_of: SnapshotOf) -> None:
    with pytest.raises(NodeyardError) as raised:
        explain(snapshot_of(status("kaspad")), "kaspa")
    assert raised.value.hint == "Did you mean kaspad?"
    assert raised.value.exit_code == 64


@pytest.mark.parametrize(("free", "verdict"), [(50, "healthy"), (8, "degraded"), (1, "down")])
def test_disk_is_judged_by_its_free_share(snapshot_of: SnapshotOf, free: int, verdict: str) -> None:
    answer = explain(snapshot_of(host={"disk_free_bytes": free, "disk_total_bytes": 100}), "disk")
    assert answer["verdict"] == verdict
    assert {"fact": "disk_free_bytes", "value": free, "age_s": 0.0, "unit": "bytes"} in answer["evidence"]


def test_disk_without_a_report_says_so(snapshot_of: SnapshotOf) -> None:
    with pytest.raises(NodeyardError, match="state of the disk"):
        explain(snapshot_of(), "disk")


@pytest.mark.promise("While watch does not report, `why` names watch and not what it saw last", runs="ci")
@pytest.mark.parametrize("verdict", ["healthy", "down"])
def test_an_outdated_snapshot_leads_to_watch(status: Status, snapshot_of: SnapshotOf, verdict: str) -> None:
    answer = explain(snapshot_of(status("tracker", verdict), status("watch")), "tracker", 11.0)
    assert (answer["roots"], answer["path"]) == (["watch"], ["tracker", "watch"])
    assert answer["evidence"][0].items() >= {"fact": "last_report", "value": 11.0, "service": "watch"}.items()


def test_an_outdated_snapshot_of_watch_alone_has_a_path_of_one(status: Status, snapshot_of: SnapshotOf) -> None:
    assert explain(snapshot_of(status("watch")), "watch", 11.0)["path"] == ["watch"]


def test_a_snapshot_of_ten_seconds_still_counts(status: Status, snapshot_of: SnapshotOf) -> None:
    assert explain(snapshot_of(status("tracker")), "tracker", 10.0)["roots"] == []
