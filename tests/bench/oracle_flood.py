"""10,000 transactions a second over ZMQ: p99 to the client at most 700 ms, none lost; then 50,000 active: below 150 MB.

A process of its own publishes transactions of which every hundredth carries a tag in its satoshis; a WebSocket client
finds the tags among the implied prices. The time runs from the publisher's send to the client's receipt.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from bisect import bisect_right
from collections import defaultdict
from pathlib import Path
from typing import Any

from websockets.sync.client import connect

from tests.bench import common
from tests.nodes.programs import ROOT
from tests.oracle.flood import TAGS, USD, base
from tests.oracle.process import Oracle
from tests.stage.ports import free_port
from tests.stage.waiting import until

PRICE = 64_000.0
GOAL_MS, GOAL_MB = 700.0, 150.0
ACTIVE = 50_000
WARM_S = 2.0
"""Before the first price there is nothing to draw payments against: they wait for it."""


def main() -> int:
    parser = common.options(__doc__ or "", n=8)
    parser.add_argument("--rate", type=int, default=10_000, help="transactions a second [10000]; --n is seconds")
    arguments = parser.parse_args()
    flooded = run(arguments.rate, arguments.n)
    active = run(5000, ACTIVE / 5000)
    figures = [
        common.Figure("ZMQ to client, p99", flooded["p99_ms"], GOAL_MS, "ms"),
        common.Figure("messages lost", flooded["missed"] + active["missed"], 0, ""),
        common.Figure("input rate reached", flooded["rate"], 0.95 * arguments.rate, "tx/s", at_most=False),
        common.Figure(f"memory with {ACTIVE:,} active", active["memory_mb"], GOAL_MB, "MB"),
    ]
    details = {"median ms": flooded["median_ms"], "measured": flooded["measured"], "processor": flooded["processor"]}
    details |= {"memory after the flood MB": flooded["memory_mb"], "active": active["tracked"]}
    return common.report(figures, details, as_json=arguments.json)


def run(rate: int, seconds: float) -> dict[str, Any]:
    """Publish for so long and say what became of it."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        rpc, zmq = free_port(), free_port()
        (folder / "password").write_text("x")
        log = folder / "sent"
        argv = [sys.executable, str(ROOT / "tests/oracle/flood.py"), *map(str, (rpc, zmq, rate, seconds, log))]
        env = {"PYTHONPATH": f"{ROOT / 'services'}:{ROOT}", "PYTHONUNBUFFERED": "1"}
        with subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=env) as node:
            assert node.stdin is not None
            assert node.stdout is not None
            node.stdout.readline()
            try:
                return _measured(folder, rpc, zmq, node, log)
            finally:
                node.kill()


def _measured(folder: Path, rpc: int, zmq: int, node: subprocess.Popen[str], log: Path) -> dict[str, Any]:
    env = {
        "PYTHONPATH": str(ROOT / "services"),
        "OPENBLAS_NUM_THREADS": "1",
        "NETWORK": "private",
        "MARKET": "synthetic",
        "BITCOIND_RPC_URL": f"http://127.0.0.1:{rpc}",
        "BITCOIND_RPC_PASSWORD_FILE": str(folder / "password"),
        "BITCOIND_ZMQ": f"tcp://127.0.0.1:{zmq}",
    }
    with Oracle(folder, free_port(), env) as oracle:
        oracle.wait_state("no_signal")
        received: list[tuple[float, list[dict[str, float]]]] = []
        with connect(f"ws://127.0.0.1:{oracle.port}/ws/mempool", max_size=2**24) as listener:
            assert node.stdin is not None
            node.stdin.write("go\n")
            node.stdin.flush()
            cpu, began = oracle.cpu_s(), time.monotonic()
            while not log.exists():
                message = json.loads(listener.recv(timeout=10))
                received.append((time.time(), message["transactions"]))
            processor = (oracle.cpu_s() - cpu) / (time.monotonic() - began)
            sent = json.loads(log.read_text())
            until(lambda: oracle.mempool()["transactions"] == sent["count"] and oracle.mempool()["exact"])
        found = latencies(received, sent["rows"])
        found.sort()
        mempool = oracle.mempool()
        assert mempool["resyncs"] == 1, mempool
        return {
            "p99_ms": 1000 * found[max(0, round(0.99 * len(found)) - 1)] if found else 0.0,
            "median_ms": round(1000 * found[len(found) // 2]) if found else None,
            "measured": len(found),
            "missed": mempool["events_missed"],
            "rate": sent["count"] / sent["took_s"],
            "memory_mb": oracle.memory_bytes() / 1e6,
            "tracked": mempool["transactions"],
            "processor": f"{100 * processor:.0f} % of one",
        }


def latencies(received: list[tuple[float, list[dict[str, float]]]], sent: list[tuple[int, float]]) -> list[float]:
    """Seconds from sending to receipt of every tag that a client saw."""
    times = defaultdict(list)
    for tag, at in sent:
        times[tag].append(at)
    first, found = base(PRICE), []
    for at, points in received:
        for point in points:
            sats = USD / point["price"] * 1e8
            tag = round(sats) - first
            if 0 <= tag < TAGS and abs(sats - round(sats)) < 0.05 and tag in times:
                place = bisect_right(times[tag], point["timestamp"]) - 1  # the last one sent before it arrived
                if place >= 0 and times[tag][place] > sent[0][1] + WARM_S:
                    found.append(at - times[tag][place])
    return found


if __name__ == "__main__":
    sys.exit(main())
