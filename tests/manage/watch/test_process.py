"""The watch process against services that run, freeze and recover."""

from __future__ import annotations

import stat
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.manage.watch.process import Engine, Watch, service
from tests.manage.watch.servers import Bitcoind, Http, Kaspad

READY = {"ready": True, "reason": "", "waits_for": [], "followed": 3, "last_event_age_s": 0.5}
QUICK = {"max_silence_s": 3.5}
"""A silence short enough for a test; tests/manage/health/test_verdict.py tests the real one."""


@pytest.fixture
def kaspad() -> Iterator[Kaspad]:
    with Kaspad() as running:
        yield running


def stack(kaspad: Kaspad, tracker: Http) -> list[dict[str, Any]]:
    return [
        service(
            "kaspad", title="Kaspa node", group="chains", port_wrpc_json=kaspad.port, scheme="ws", thresholds=QUICK
        ),
        service("tracker", port_http=tracker.port, needs=[{"service": "kaspad", "check": "utxoindex"}]),
    ]


def test_a_frozen_node_is_down_its_consumer_waits_and_both_recover(tmp_path: Path, kaspad: Kaspad) -> None:
    with Http(READY) as tracker, Watch(tmp_path, stack(kaspad, tracker)) as watch:
        watch.until_verdict("tracker", "healthy")
        assert "DAA score" in watch.status("kaspad").reason
        assert watch.snapshot.sentence == "All 3 services are healthy."
        frozen_at = time.time()
        kaspad.frozen = True
        down = watch.until_verdict("kaspad", "down", within_s=15)
        assert "silent for" in down.reason
        assert down.since >= frozen_at
        assert watch.status("tracker").reason == "for kaspad: UTXO index"
        assert watch.snapshot.sentence == "The Kaspa node does not answer. The tracker waits for it."
        kaspad.frozen = False
        watch.until_verdict("kaspad", "healthy", within_s=15)
        watch.until_verdict("tracker", "healthy", within_s=5)


def test_one_connection_is_kept_for_all_probes(tmp_path: Path, kaspad: Kaspad) -> None:
    with Http(READY) as tracker, Watch(tmp_path, stack(kaspad, tracker)) as watch:
        first = watch.status("kaspad").answered_at
        watch.until(lambda: watch.status("kaspad").answered_at > first + 3, "two more probes")
        assert kaspad.connections == 1


def test_container_states_are_followed_and_missing_ones_are_reported(tmp_path: Path, kaspad: Kaspad) -> None:
    agent = service("agent", group="manager", thresholds={"max_engine_age_s": 2})
    with Http(READY) as tracker, Engine(Watch(tmp_path, []).layout) as engine:
        running = {"state": "running", "started_at": time.time() - 60}
        engine.states = {"kaspad": running, "tracker": running, "agent": running}
        with Watch(tmp_path, [*stack(kaspad, tracker), agent]) as watch:
            watch.until_verdict("agent", "healthy")
            engine.states["kaspad"] = {"state": "paused"}
            assert "paused" in watch.until_verdict("kaspad", "down", within_s=5).reason
            engine.states["kaspad"] = {"state": "absent", "desired": False}
            assert "stopped" in watch.until_verdict("kaspad", "disabled", within_s=5).reason
            engine.states["kaspad"] = running
            status = watch.until_verdict("kaspad", "healthy", within_s=5)
            assert status.engine_at > 0
            assert watch.snapshot.host.items() >= {"disk_free_bytes": 5_000, "disk_total_bytes": 10_000}.items()
            assert watch.snapshot.host["disks"][0]["folder"] == str(tmp_path)
            engine.silent = True
            assert "report" in watch.until_verdict("agent", "down", within_s=8).reason
            assert watch.status("kaspad").verdict == "healthy"
            assert watch.status("kaspad").reason.endswith("engine state unknown")


def test_since_and_sequence_survive_a_restart_of_watch(tmp_path: Path, kaspad: Kaspad) -> None:
    with Http(READY) as tracker:
        with Watch(tmp_path, stack(kaspad, tracker)) as watch:
            before = watch.until_verdict("kaspad", "healthy")
            seq = watch.seq
        with Watch(tmp_path, stack(kaspad, tracker)) as watch:
            assert watch.seq > seq
            assert watch.status("kaspad").since == before.since


def test_snapshot_socket_and_metrics_agree(tmp_path: Path, kaspad: Kaspad) -> None:
    with Http(READY) as tracker, Watch(tmp_path, stack(kaspad, tracker)) as watch:
        watch.until_verdict("tracker", "healthy")
        assert stat.S_IMODE(watch.layout.snapshot_file.stat().st_mode) == 0o644
        history = watch.ask(verb="history", hours=24)
        assert set(history["strips"]) == {"kaspad", "tracker", "watch"}
        begun, ended, verdict = history["strips"]["kaspad"][-1]
        assert begun <= ended
        assert verdict == "healthy"
        assert history["series"]["kaspad"]["daa_score"][0][1] == 20_000
        evidence = watch.ask(verb="evidence", service="kaspad")
        assert any(item.get("fact") == "peers" for item in evidence["evidence"])
        assert evidence["changes"][0][1] == "healthy"
        with urllib.request.urlopen(f"http://127.0.0.1:{watch.metrics_port}/metrics") as answer:
            assert 'nodeyard_verdict{service="kaspad",verdict="healthy"} 1.0' in answer.read().decode().splitlines()
        with pytest.raises(urllib.error.HTTPError, match="404"):
            urllib.request.urlopen(f"http://127.0.0.1:{watch.metrics_port}/")


@pytest.mark.parametrize(
    "request_",
    [{"verb": "delete"}, {"verb": "history", "hours": "x"}, {"verb": "history", "hours": -1}, {"verb": "evidence"}, {}],
)
def test_invalid_requests_are_answered_with_a_sentence(tmp_path: Path, request_: dict[str, Any]) -> None:
    with Watch(tmp_path, []) as watch:
        assert set(watch.ask(**request_)) == {"error"}


def test_a_malformed_answer_is_reported_and_does_not_end_watch(tmp_path: Path) -> None:
    with (
        Http() as proxy,
        Watch(tmp_path, [service("proxy", driver="http", port_http=proxy.port, thresholds=QUICK)]) as watch,
    ):
        watch.until_verdict("proxy", "healthy")
        proxy.raw = b"SSH-2.0-OpenSSH_9.2\r\n\r\n"
        assert "is not HTTP" in watch.until_verdict("proxy", "down").reason
        proxy.raw = b""
        watch.until(lambda: watch.status("proxy").verdict == "down", "still down")
        proxy.raw, proxy.status = None, 503
        assert watch.until_verdict("proxy", "degraded").reason.startswith("/health answers HTTP 503")
        proxy.status = 200
        watch.until_verdict("proxy", "healthy")


@pytest.fixture
def bitcoind() -> Iterator[Bitcoind]:
    with Bitcoind() as running:
        yield running


def watched_bitcoind(bitcoind: Bitcoind) -> dict[str, Any]:
    ports = {
        "rpc": {"host": "127.0.0.1", "port": bitcoind.port, "scheme": "http"},
        "zmq": {"host": "127.0.0.1", "port": bitcoind.zmq_port, "scheme": "tcp"},
    }
    thresholds = {"min_peers": 0, "max_tip_age_s": 0, "zmq_lag_s": 2, "ibd_is_fault": 0, "zmq_gap_s": 3}
    return service("bitcoind", title="Bitcoin node", group="chains", ports=ports, thresholds=thresholds)


@pytest.mark.promise("A silent ZMQ is detected, and a block proves a working one", runs="ci")
def test_zmq_is_proven_by_a_block_and_its_silence_is_found(tmp_path: Path, bitcoind: Bitcoind) -> None:
    watch = Watch(tmp_path, [watched_bitcoind(bitcoind)])
    watch.secret("bitcoind_rpc_watch", bitcoind.PASSWORD)
    with watch:
        watch.until_verdict("bitcoind", "healthy")
        assert "ZMQ not proven yet" in watch.status("bitcoind").reason
        subscribed = watch.status("bitcoind").answered_at
        watch.until(lambda: watch.status("bitcoind").answered_at > subscribed + 3, "the subscription has settled")
        bitcoind.mine("11" * 32)
        watch.until(lambda: "ZMQ proven" in watch.status("bitcoind").reason, "the proof")
        bitcoind.mine("22" * 32, publish=False)
        silent = watch.until_verdict("bitcoind", "degraded", within_s=10)
        assert "while the RPC tip is" in silent.reason
        assert silent.checks["zmq_rawtx"] is False
        bitcoind.mine("33" * 32)
        watch.until_verdict("bitcoind", "healthy", within_s=6)
        bitcoind.counter += 31
        bitcoind.mine("44" * 32)
        assert "ZMQ lost 31 messages" in watch.until_verdict("bitcoind", "degraded", within_s=6).reason
        watch.until_verdict("bitcoind", "healthy", within_s=8)


def test_warming_up_a_wrong_password_and_a_missing_topic_have_reasons_of_their_own(
    tmp_path: Path, bitcoind: Bitcoind
) -> None:
    bitcoind.warming = "Verifying blocks…"
    watch = Watch(tmp_path, [watched_bitcoind(bitcoind)])
    watch.secret("bitcoind_rpc_watch", "wrong")
    with watch:
        assert "does not accept this user or password" in watch.until_verdict("bitcoind", "down").reason
        watch.secret("bitcoind_rpc_watch", bitcoind.PASSWORD)
        assert watch.until_verdict("bitcoind", "starting").reason.startswith("Verifying blocks…")
        bitcoind.warming, bitcoind.topics = "", ["pubrawtx", "pubsequence"]
        assert "-zmqpubrawblock" in watch.until_verdict("bitcoind", "degraded").reason
