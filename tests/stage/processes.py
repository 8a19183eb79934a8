"""A program under test as a child process, which a test starts and stops as an operator would."""

from __future__ import annotations

import subprocess
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Self

import psutil

from tests.stage.waiting import until

CHECKOUT = Path(__file__).resolve().parents[2]
SERVICES = CHECKOUT / "services"
STOP_S = 15
"""At least what the catalog grants our services as stop_grace_s."""


class Child(ABC):
    """`with` runs it; what it prints is appended to the file `log`."""

    def __init__(self, argv: Sequence[str], env: Mapping[str, str], log: Path) -> None:
        self.log = log
        self._argv = argv
        self._env = env
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    @abstractmethod
    def is_up(self) -> bool:
        """Whether the running process can be asked already."""

    def start(self) -> None:
        """Run it and wait until it is up; AssertionError with its log when it ends instead."""
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(self._argv, env=self._env, cwd="/", stdout=log, stderr=log)
        until(self._alive_and_up)

    def stop(self) -> int:
        """SIGTERM; the exit code."""
        self.process.terminate()
        return self.process.wait(timeout=STOP_S)

    def kill(self) -> None:
        """SIGKILL."""
        self.process.kill()
        self.process.wait()

    def restart(self) -> None:
        assert self.stop() == 0
        self.start()

    def memory_bytes(self) -> int:
        """Resident memory now."""
        rss: int = psutil.Process(self.process.pid).memory_info().rss
        return rss

    def cpu_s(self) -> float:
        """User and system time so far."""
        times = psutil.Process(self.process.pid).cpu_times()
        return float(times.user + times.system)

    @property
    def process(self) -> subprocess.Popen[bytes]:
        assert self._process is not None
        return self._process

    def _alive_and_up(self) -> bool:
        assert self.process.poll() is None, self.log.read_text()
        return self.is_up()
