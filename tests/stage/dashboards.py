"""The dashboard as it runs: gunicorn in a process of its own, beside an agent and a watch of paper."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from manage.agent.dispatch import Peer
from manage.health.model import Snapshot
from manage.installation.layout import Layout
from tests.stage import agents, scenery
from tests.stage.agents import Agent
from tests.stage.ports import free_port

CHECKOUT = Path(__file__).resolve().parents[2]
START_S = 30.0

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
def serve(layout: Layout) -> Iterator[str]:
    """`python -m manage.web` on a free loopback port until the block ends; gives its URL."""
    address = f"127.0.0.1:{free_port()}"
    environment = {**os.environ, "NODEYARD_DIR": str(layout.dir), "LISTEN": address}
    process = subprocess.Popen([sys.executable, "-m", "manage.web"], cwd=CHECKOUT, env=environment)
    try:
        _wait(f"http://{address}/health", process)
        yield f"http://{address}"
    finally:
        process.terminate()
        process.wait(timeout=15)


def _wait(url: str, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + START_S
    while True:
        try:
            with urllib.request.urlopen(url, timeout=2):
                return
        except (urllib.error.URLError, OSError):
            if process.poll() is not None or time.monotonic() > deadline:
                raise AssertionError(f"the dashboard did not start (exit code {process.poll()})") from None
            time.sleep(0.05)
