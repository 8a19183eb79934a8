"""The kaspad simulator as a process, with its control socket."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path
from typing import Any

from sandbox import control

from tests.stage.processes import SERVICES, Child


class SimulatedKaspad(Child):
    """`with SimulatedKaspad(folder, port) as kaspad:` runs it. `folder` stores its chain, so it survives `restart`."""

    def __init__(self, folder: Path, port: int, *flags: str) -> None:
        self.port = port
        self.url = f"ws://127.0.0.1:{port}"
        self._control = folder / "control"
        argv = [sys.executable, "-m", "sandbox", "kaspad", "--simnet", "--appdir", str(folder), *flags]
        env = {**os.environ, "PYTHONPATH": str(SERVICES), "SANDBOX_CONTROL": str(self._control)}
        super().__init__([*argv, "--rpclisten-json", f"127.0.0.1:{port}"], env, folder / "kaspad.log")

    def start(self) -> None:
        self._control.unlink(missing_ok=True)
        super().start()

    def stop(self) -> int:
        self.resume()
        return super().stop()

    def pause(self) -> None:
        """As `docker pause`: TCP is accepted, nothing is answered."""
        self.process.send_signal(signal.SIGSTOP)

    def resume(self) -> None:
        self.process.send_signal(signal.SIGCONT)

    def order(self, verb: str, **args: Any) -> dict[str, Any]:
        """What `manage sandbox VERB` does."""
        return control.call(self._control, verb, **args)

    def is_up(self) -> bool:
        try:
            return bool(self.order("status"))
        except control.ControlError:
            return False
