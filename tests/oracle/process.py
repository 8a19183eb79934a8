"""The oracle as a process of its own, as its container runs it, and what a user of its API does."""

from __future__ import annotations

import http.client
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import psutil

from tests.nodes.programs import ROOT, Running

T = TypeVar("T")


class Answer(NamedTuple):
    status: int
    body: Any
    """Parsed when it is JSON, else text."""
    headers: dict[str, str]


def until(condition: Callable[[], T], deadline_s: float = 20.0, every_s: float = 0.05) -> T:
    """The first true value of `condition`; AssertionError with its last value after `deadline_s`."""
    deadline = time.monotonic() + deadline_s
    while not (value := condition()):
        assert time.monotonic() < deadline, f"not within {deadline_s} s; last: {value!r}"
        time.sleep(every_s)
    return value


def environment(node: Running, user: str = "host", **more: str) -> dict[str, str]:
    """What the oracle needs to know to follow this node."""
    return {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(ROOT / "services"),
        "NETWORK": "private",
        "MARKET": "synthetic",
        "BITCOIND_RPC_URL": f"http://127.0.0.1:{node.rpc_port}",
        "BITCOIND_RPC_USER": user,
        "BITCOIND_RPC_PASSWORD_FILE": str(node.password_file(user)),
        "BITCOIND_ZMQ": node.zmq_address,
        "LOG_LEVEL": "debug",
        **{name: value for name, value in os.environ.items() if name.startswith("COVERAGE_")},
        **more,
    }


class Oracle:
    """`with Oracle(folder, port, env) as oracle:` runs it."""

    def __init__(self, folder: Path, port: int, env: dict[str, str]) -> None:
        self.port = port
        self.url = f"http://127.0.0.1:{port}"
        self.log = folder / "oracle.log"
        self._env = {"LISTEN": f"127.0.0.1:{port}", **env}
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Oracle:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self) -> None:
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "oracle"], env=self._env, cwd="/", stdout=log, stderr=log
            )
        until(self._listens)

    def stop(self) -> int:
        """SIGTERM; the exit code."""
        process = self._running()
        process.terminate()
        return process.wait(timeout=15)

    def memory_bytes(self) -> int:
        rss: int = psutil.Process(self._running().pid).memory_info().rss
        return rss

    def cpu_s(self) -> float:
        """User and system time so far."""
        times = psutil.Process(self._running().pid).cpu_times()
        return float(times.user + times.system)

    def get(self, path: str) -> Answer:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        try:
            connection.request("GET", path)
            response = connection.getresponse()
            text = response.read().decode()
            kind = response.headers.get("content-type", "")
            parsed = json.loads(text) if kind.startswith("application/json") else text
            return Answer(response.status, parsed, {key.lower(): value for key, value in response.headers.items()})
        finally:
            connection.close()

    def price(self) -> dict[str, Any]:
        body: dict[str, Any] = self.get("/api/v1/price").body
        return body

    def mempool(self) -> dict[str, Any]:
        """The mempool's part of /api/v1/explain."""
        body: dict[str, Any] = self.get("/api/v1/explain").body["mempool"]
        return body

    def wait_state(self, *states: str, deadline_s: float = 20.0) -> dict[str, Any]:
        """Wait until the price has one of these states."""

        def shown() -> dict[str, Any]:
            price = self.price()
            return price if price.get("state") in states else {}

        return until(shown, deadline_s)

    def metric(self, line_start: str) -> float:
        """The value of the sample that begins so, 0 when there is none."""
        text: str = self.get("/metrics").body
        return sum(float(line.rsplit(" ", 1)[1]) for line in text.splitlines() if line.startswith(line_start))

    def _running(self) -> subprocess.Popen[bytes]:
        assert self._process is not None
        return self._process

    def _listens(self) -> bool:
        assert self._running().poll() is None, self.log.read_text()
        try:
            return self.get("/health").status == 200 and self.get("/ready").body.get("state") is not None
        except OSError:
            return False
