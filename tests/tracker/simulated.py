"""The kaspad simulator as a process, with its control socket."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

from sandbox import control

from tests.tracker.process import SERVICES, until


class SimulatedKaspad:
    """`with SimulatedKaspad(folder, port) as kaspad:` runs it; its chain lies in `folder`, so it survives `restart`."""

    def __init__(self, folder: Path, port: int, *flags: str) -> None:
        self.url = f"ws://127.0.0.1:{port}"
        self._control = folder / "control"
        self._log = folder / "kaspad.log"
        self._argv = [sys.executable, "-m", "sandbox", "kaspad", "--simnet", "--appdir", str(folder), *flags]
        self._argv += ["--rpclisten-json", f"127.0.0.1:{port}"]
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> SimulatedKaspad:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self) -> None:
        env = {**os.environ, "PYTHONPATH": str(SERVICES), "SANDBOX_CONTROL": str(self._control)}
        self._control.unlink(missing_ok=True)
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(self._argv, env=env, stdout=log, stderr=log)
        until(self._answers)

    def stop(self) -> None:
        assert self._process is not None
        self._process.send_signal(signal.SIGCONT)
        self._process.terminate()
        self._process.wait(timeout=15)

    def pause(self) -> None:
        """As `docker pause`: TCP is accepted, nothing is answered."""
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)

    def resume(self) -> None:
        assert self._process is not None
        self._process.send_signal(signal.SIGCONT)

    def order(self, verb: str, **args: Any) -> dict[str, Any]:
        """What `manage sandbox VERB` does."""
        return control.call(self._control, verb, **args)

    def _answers(self) -> bool:
        assert self._process is not None
        assert self._process.poll() is None, self._log.read_text()
        try:
            return bool(self.order("status"))
        except control.ControlError:
            return False
