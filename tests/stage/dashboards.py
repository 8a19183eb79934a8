"""The dashboard as it runs: the server in a process of its own, beside an agent and a watch of paper."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from manage.agent.dispatch import Peer
from manage.health.model import Snapshot
from manage.installation.layout import Layout
from tests.stage import agents, scenery
from tests.stage.agents import Agent
from tests.stage.ports import free_port
from tests.stage.proxies import ask

CHECKOUT = Path(__file__).resolve().parents[2]
START_S = 30.0
NAME = "nodeyard-test.localhost"

Scene = Callable[[float], Snapshot]
"""What watch sees at a time (unix seconds)."""


class PaperWatch:
    """Writes a snapshot every half second, as watch does every second; `scene` may be changed at any time."""

    def __init__(self, layout: Layout, scene: Scene = scenery.healthy) -> None:
        self.scene = scene
        self._layout = layout
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def show(self, scene: Scene) -> None:
        """From now on, and at once."""
        self.scene = scene

    def stop(self) -> None:
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        while True:
            scenery.put(self._layout, self.scene(time.time()))
            if self._stop.wait(0.5):
                return


def start_agent(layout: Layout) -> Agent:
    """An agent for which this process counts as the dashboard."""
    return agents.start(layout, {os.getuid(): Peer("dashboard")}, time.time)


@contextmanager
def serve(layout: Layout, public_url: str = "", pem: Path | None = None) -> Iterator[str]:
    """`python -m manage.web` on a free loopback port until the block ends; gives its URL, which browsers resolve."""
    port = free_port()
    url = f"{'https' if pem else 'http'}://{NAME}:{port}"
    own = {"NODEYARD_DIR": str(layout.dir), "LISTEN": f"127.0.0.1:{port}", "NODEYARD_URL": url}
    own |= {"NODEYARD_NAMES": f"{NAME} {public_url.removeprefix('https://')}", "NODEYARD_PUBLIC_URL": public_url}
    own |= {"NODEYARD_TLS_FILE": str(pem)} if pem else {}
    own |= {"PYTHONPATH": f"{CHECKOUT}:{CHECKOUT}/services"}
    environment = {**os.environ, **own}
    process = subprocess.Popen([sys.executable, "-m", "manage.web"], cwd=CHECKOUT, env=environment)
    try:
        _wait(port, process, tls=pem is not None)
        yield url
    finally:
        process.terminate()
        process.wait(timeout=15)


def _wait(port: int, process: subprocess.Popen[bytes], *, tls: bool) -> None:
    deadline = time.monotonic() + START_S
    while True:
        try:
            assert ask(port, "/health", NAME, tls=tls).status == 200
            return
        except OSError:
            if process.poll() is not None or time.monotonic() > deadline:
                raise AssertionError(f"the dashboard did not start (exit code {process.poll()})") from None
            time.sleep(0.05)
