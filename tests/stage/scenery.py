"""Snapshots as watch would write them, and a socket that tells their history."""

from __future__ import annotations

import json
import socketserver
import threading
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from manage.health import snapshot as snapshots
from manage.health import summary
from manage.health.model import Fact, ServiceStatus, Snapshot, VerdictName
from manage.installation.layout import Layout

HOST = {
    "disk_free_bytes": 412_000_000_000,
    "disk_total_bytes": 2_000_000_000_000,
    "memory_bytes": 9_100_000_000,
    "memory_total_bytes": 32_000_000_000,
    "cpu_percent": 18.0,
    "load_1": 0.42,
}
_SERVICES: tuple[tuple[str, str, str, str], ...] = (
    ("kaspad", "Kaspa node", "chains", "tip 0.4 s old, DAA score 92 481 230, UTXO index ready"),
    ("bitcoind", "Bitcoin node", "chains", "height 921 844, tip 12 s old, ZMQ unbroken"),
    ("timescaledb", "Database", "data", "18 of 100 connections, oldest transaction 0.2 s"),
    ("tracker", "Tracker", "services", "212 addresses followed, last event 1.1 s ago"),
    ("oracle", "Oracle", "services", "64\u202f262 USD (synthetic), 1.4 s old, ok"),
    ("proxy", "Proxy", "services", "answers in 2 ms"),
    ("agent", "Agent", "manager", "looked at the engine 1.2 s ago"),
    ("watch", "Watch", "manager", "9 probes in the last 2 s"),
    ("dashboard", "Dashboard", "manager", "answers in 3 ms"),
)


def healthy(now: float, *, network: str = "sandbox") -> Snapshot:
    """All services well, facts a moment old, for four hours."""
    services = tuple(
        ServiceStatus(
            name=name,
            title=title,
            group=group,
            verdict="healthy",
            reason=reason,
            since=now - 4 * 3600,
            waits_for=(),
            facts=(Fact("tip_age", 0.4, now - 0.5, "s"), Fact("daa_score", 92_481_230, now - 0.5)),
            checks={"rpc": True, "utxoindex": True},
            log=((now - 3, f"{name} accepted 10 blocks"),),
        )
        for name, title, group, reason in _SERVICES
    )
    return _told(Snapshot(1, 1, now, "home", network, "", "", services, HOST))


def turned(
    snapshot: Snapshot, name: str, verdict: VerdictName, reason: str, *waits_for: str, headline: str = ""
) -> Snapshot:
    """The same, but for the verdict of one service; the sentence follows."""
    services = tuple(
        replace(s, verdict=verdict, reason=reason, waits_for=waits_for, since=snapshot.as_of - 250, headline=headline)
        if s.name == name
        else s
        for s in snapshot.services
    )
    return _told(replace(snapshot, services=services))


def silent_zmq(now: float) -> Snapshot:
    """bitcoind degraded, the tracker waiting for it: the picture of the design."""
    reason = "ZMQ silent for 4 min 10 s while the RPC tip is 12 s old"
    broken = turned(healthy(now), "bitcoind", "degraded", reason, headline="'s ZMQ is silent")
    return turned(broken, "tracker", "waiting", "for bitcoind: ZMQ rawtx", "bitcoind")


def stack_down(now: float) -> Snapshot:
    """After `manage down`: the manager alone is left."""
    snapshot = healthy(now)
    for service in snapshot.services:
        if service.group != "manager":
            snapshot = turned(snapshot, service.name, "disabled", "stopped with manage down")
    return snapshot


def put(layout: Layout, snapshot: Snapshot) -> None:
    """Write it where watch would."""
    snapshots.write(layout.snapshot_file, snapshot)


def _told(snapshot: Snapshot) -> Snapshot:
    line, below = summary.sentence(snapshot.services)
    return replace(snapshot, sentence=line, detail=below)


class HistorySocket:
    """Answers `{"verb": "history"}` at watch's socket with `strips`, one JSON line each way."""

    def __init__(self, path: Path, strips: Mapping[str, list[list[object]]]) -> None:
        class Handler(socketserver.StreamRequestHandler):
            def handle(self) -> None:
                request = json.loads(self.rfile.readline())
                assert request["verb"] == "history"
                self.wfile.write(json.dumps({"strips": strips, "series": {}}).encode() + b"\n")

        self._server = socketserver.UnixStreamServer(str(path), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


def day(now: float) -> dict[str, list[list[object]]]:
    """24 hours of every service: well, but for an outage of the tracker and one of bitcoind."""
    begin = now - 24 * 3600
    strips: dict[str, list[list[object]]] = {name: [[begin, now, "healthy"]] for name, *_ in _SERVICES}
    strips["tracker"] = [
        [begin, now - 60_000, "healthy"],
        [now - 60_000, now - 58_000, "down"],
        [now - 58_000, now, "healthy"],
    ]
    strips["bitcoind"] = [
        [begin, now - 20_000, "healthy"],
        [now - 20_000, now - 17_000, "degraded"],
        [now - 17_000, now, "healthy"],
    ]
    return strips
