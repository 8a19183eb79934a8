"""The real process `python -m manage.health.watch` on a folder of its own."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Self

from manage.health import snapshot as snapshots
from manage.health.model import ServiceStatus, Snapshot
from manage.installation.layout import Layout
from tests.stage.ports import free_port

DEADLINE_S = 20.0
CHECKOUT = Path(__file__).parents[3]


def service(name: str, **fields: Any) -> dict[str, Any]:
    """An entry of watch.json; `port_NAME=1234` is a port on loopback."""
    ports = {
        key.removeprefix("port_"): {
            "host": "127.0.0.1",
            "port": fields.pop(key),
            "scheme": fields.pop("scheme", "http"),
        }
        for key in [key for key in fields if key.startswith("port_")]
    }
    return {
        "name": name,
        "title": fields.pop("title", name.capitalize()),
        "group": fields.pop("group", "services"),
        "driver": fields.pop("driver", name),
        "simulated": False,
        "project": "stack",
        "ports": {**ports, **fields.pop("ports", {})},
        "needs": fields.pop("needs", []),
        "thresholds": fields.pop("thresholds", {}),
        "options": fields.pop("options", {}),
        "startup_s": fields.pop("startup_s", 2),
        "log_patterns": [],
        "database": fields.pop("database", ""),
        **fields,
    }


class Engine:
    """Writes engine.json as the agent does; the test sets the states."""

    def __init__(self, layout: Layout) -> None:
        self.states: dict[str, dict[str, Any]] = {}
        self.silent = False
        self._path = layout.engine_file
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> Self:
        self._path.parent.mkdir(exist_ok=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._ended.wait(0.2):
            if not self.silent:
                now = time.time()
                services = {name: {"at": now, **state} for name, state in self.states.items()}
                host = {"disk_free_bytes": 5_000, "disk_total_bytes": 10_000}
                document = {"version": 1, "as_of": now, "operation": None, "services": services, "host": host}
                fresh = self._path.with_suffix(".new")
                fresh.write_text(json.dumps(document))
                fresh.replace(self._path)


class Watch:
    """`with Watch(folder, [service(...)]) as watch:` waits for the first snapshot."""

    def __init__(self, folder: Path, services: list[dict[str, Any]], network: str = "private") -> None:
        self.layout = Layout(folder)
        self.metrics_port = free_port()
        self._network = network
        self._services = [*services, service("watch", group="manager", port_metrics=self.metrics_port)]
        self._secrets = folder / "secrets"
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        self.layout.watch_dir.mkdir(exist_ok=True)
        self._secrets.mkdir(exist_ok=True)
        self._write_list()
        before = self.seq
        environment = {
            **os.environ,
            "NODEYARD_DIR": str(self.layout.dir),
            "WATCH_CONFIG": str(self.layout.dir / "watch.json"),
            "WATCH_SECRETS": str(self._secrets),
            "PYTHONPATH": f"{CHECKOUT}:{CHECKOUT / 'services'}",
        }
        self._process = subprocess.Popen([sys.executable, "-m", "manage.health.watch"], env=environment, cwd=CHECKOUT)
        self.until(lambda: self.seq > before, "the first snapshot")
        return self

    def __exit__(self, *_: object) -> None:
        assert self._process is not None
        self._process.send_signal(signal.SIGTERM)
        assert self._process.wait(timeout=10) == 0, "SIGTERM ends it well"

    def _write_list(self) -> None:
        document = {"version": 1, "name": "home", "network": self._network, "services": self._services}
        fresh = self.layout.dir / "watch.new"
        fresh.write_text(json.dumps(document))
        fresh.replace(self.layout.dir / "watch.json")

    def list_again(self, services: list[dict[str, Any]]) -> None:
        """Replace watch.json while it runs, as `manage up` does."""
        self._services = [*services, self._services[-1]]
        self._write_list()

    def secret(self, name: str, text: str) -> None:
        self._secrets.mkdir(exist_ok=True)
        (self._secrets / name).write_text(text)

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    @property
    def snapshot(self) -> Snapshot:
        return snapshots.read(self.layout)

    @property
    def seq(self) -> int:
        return self.snapshot.seq if self.layout.snapshot_file.exists() else 0

    def status(self, name: str) -> ServiceStatus:
        return next(status for status in self.snapshot.services if status.name == name)

    def ask(self, **request: Any) -> dict[str, Any]:
        """One question over its socket."""
        with socket.socket(socket.AF_UNIX) as client:
            client.settimeout(5)
            client.connect(str(self.layout.watch_socket))
            client.sendall(json.dumps(request).encode() + b"\n")
            answer: dict[str, Any] = json.loads(client.makefile().readline())
            return answer

    def until(self, holds: Callable[[], Any], what: str, within_s: float = DEADLINE_S) -> Any:
        """Poll until it holds; what stood there last is in the failure."""
        deadline = time.monotonic() + within_s
        while not (found := holds()):
            assert self._process is None or self._process.poll() is None, "watch has ended"
            if time.monotonic() > deadline:
                seen = [f"{s.name} {s.verdict}: {s.reason}" for s in self.snapshot.services] if self.seq else []
                raise AssertionError(f"not within {within_s} s: {what}; {seen}")
            time.sleep(0.05)
        return found

    def until_verdict(self, name: str, verdict: str, within_s: float = DEADLINE_S) -> ServiceStatus:
        self.until(lambda: self.status(name).verdict == verdict, f"{name} {verdict}", within_s)
        return self.status(name)
