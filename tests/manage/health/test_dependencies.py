"""Which service waits for which."""

from __future__ import annotations

from manage.catalog.model import Need
from manage.health.dependencies import resolve
from manage.health.model import Judgement

HEALTHY = Judgement("healthy", "well", {"ready": True, "utxoindex": True})
DEGRADED = Judgement("degraded", "ZMQ silent", {"rpc": True, "zmq_rawtx": False})
DOWN = Judgement("down", "silent for 12 s: no answer")
UNREADY = Judgement("degraded", "not ready: no connection", {"ready": False})


def test_a_service_waits_for_the_check_that_fails() -> None:
    resolved = resolve({"bitcoind": DEGRADED, "oracle": UNREADY}, {"oracle": [Need("bitcoind", "zmq_rawtx")]})
    assert resolved["oracle"].verdict == "waiting"
    assert resolved["oracle"].reason == "for bitcoind: ZMQ rawtx"
    assert resolved["oracle"].waits_for == ("bitcoind",)
    assert resolved["bitcoind"] == DEGRADED


def test_it_waits_at_once_although_it_still_reports_healthy() -> None:
    resolved = resolve({"kaspad": DOWN, "tracker": HEALTHY}, {"tracker": [Need("kaspad", "utxoindex")]})
    assert resolved["tracker"].verdict == "waiting"


def test_another_failing_check_is_not_a_reason_to_wait() -> None:
    resolved = resolve({"bitcoind": DEGRADED, "tracker": HEALTHY}, {"tracker": [Need("bitcoind", "rpc")]})
    assert resolved["tracker"].verdict == "healthy"


def test_healthy_services_do_not_wait_for_healthy_ones() -> None:
    bare = Judgement("healthy", "well", {"utxoindex": False})
    resolved = resolve({"kaspad": bare, "tracker": HEALTHY}, {"tracker": [Need("kaspad", "utxoindex")]})
    assert resolved["tracker"].verdict == "healthy"


def test_its_own_cause_is_not_blamed_on_others() -> None:
    paused = Judgement("down", "its container is paused", final=True)
    resolved = resolve({"kaspad": DOWN, "tracker": paused}, {"tracker": [Need("kaspad", "utxoindex")]})
    assert resolved["tracker"] == paused


def test_a_stopped_service_does_not_wait_but_others_wait_for_it() -> None:
    stopped = Judgement("disabled", "stopped by an operator", final=True)
    needs = {"tracker": [Need("kaspad", "utxoindex")]}
    assert resolve({"kaspad": stopped, "tracker": stopped}, needs)["tracker"].verdict == "disabled"
    assert resolve({"kaspad": stopped, "tracker": UNREADY}, needs)["tracker"].reason == "for kaspad: UTXO index"


def test_the_reason_names_the_root_and_the_way_to_it() -> None:
    resolved = resolve(
        {"timescaledb": DOWN, "indexer": UNREADY, "explorer": UNREADY},
        {"indexer": [Need("timescaledb", "ready")], "explorer": [Need("indexer", "ready")]},
    )
    assert resolved["explorer"].reason == "for timescaledb: not ready yet, through indexer"
    assert resolved["explorer"].waits_for == ("indexer",)


def test_a_service_waits_for_all_that_fail() -> None:
    resolved = resolve(
        {"timescaledb": DOWN, "kaspad": DOWN, "tracker": UNREADY},
        {"tracker": [Need("timescaledb", "ready"), Need("kaspad", "utxoindex")]},
    )
    assert resolved["tracker"].waits_for == ("timescaledb", "kaspad")
    assert resolved["tracker"].reason == "for timescaledb: not ready yet, and kaspad"


def test_a_service_may_name_by_itself_what_it_waits_for() -> None:
    says = Judgement("degraded", "not ready: node away", {"ready": False}, waits_for=("kaspad",))
    syncing = Judgement("syncing", "12 %", {"utxoindex": False})
    assert resolve({"kaspad": syncing, "tracker": says}, {})["tracker"].reason == "for kaspad: it is syncing"
    unfounded = resolve({"kaspad": HEALTHY, "tracker": says}, {})["tracker"]
    assert (unfounded.verdict, unfounded.waits_for) == ("degraded", ())


def test_needs_of_services_outside_the_stack_are_left_out() -> None:
    assert resolve({"tracker": HEALTHY}, {"tracker": [Need("kaspad", "utxoindex")]})["tracker"].verdict == "healthy"


def test_circles_end() -> None:
    needs = {"a": [Need("b", "ready")], "b": [Need("c", "ready")], "c": [Need("a", "ready")]}
    resolved = resolve({"a": UNREADY, "b": UNREADY, "c": UNREADY}, needs)
    assert {judgement.verdict for judgement in resolved.values()} == {"waiting"}
    alone = resolve({"a": UNREADY}, {"a": [Need("a", "ready")]})
    assert alone["a"].verdict == "waiting"
