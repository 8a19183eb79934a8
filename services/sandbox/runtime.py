"""Shared by both simulators: settings from the environment, the clock, a clean shutdown."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import signal
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from sandbox import control_server
from sandbox.control_server import Simulator
from sandbox.faults import Faults

log = logging.getLogger("sandbox")


@dataclass(frozen=True)
class Settings:
    """Settings from the environment; see `python -m sandbox --help`."""

    seed: str
    control: Path | None
    block_s: float

    @staticmethod
    def read(default_block_s: float) -> Settings:
        """Raises ValueError if SANDBOX_BLOCK_S is not a number."""
        control = os.environ.get("SANDBOX_CONTROL", "")
        return Settings(
            os.environ.get("SANDBOX_SEED", "nodeyard"),
            Path(control) if control else None,
            float(os.environ.get("SANDBOX_BLOCK_S", default_block_s)),
        )


def log_to_stdout() -> None:
    logging.basicConfig(stream=sys.stdout, level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    logging.getLogger("websockets").setLevel(logging.ERROR)


async def every(period_s: float, faults: Faults, work: Callable[[], None]) -> None:
    """Call `work` every `period_s`. Calls missed while frozen or on a busy host are skipped, not repeated later."""
    loop = asyncio.get_running_loop()
    due = loop.time()
    while True:
        due += period_s
        await asyncio.sleep(max(0.0, due - loop.time()))
        if faults.frozen:
            await faults.wait_while_frozen()
        due = max(due, loop.time() - period_s)
        work()


async def save_every(period_s: float, simulator: Simulator) -> None:
    """Save the state every `period_s`, while the node goes on answering."""
    while True:
        await asyncio.sleep(period_s)
        await simulator.faults.wait_while_frozen()
        await control_server.save(simulator)


async def until_stopped(simulator: Simulator, control: Path | None, *clocks: asyncio.Task[None]) -> None:
    """Serve the control socket until SIGTERM or SIGINT or until a clock fails, then save the state."""
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for name in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(name, stopped.set)
    server = await control_server.serve(control, simulator) if control else None
    wait = asyncio.create_task(stopped.wait())
    try:
        done, _ = await asyncio.wait({wait, *clocks}, return_when=asyncio.FIRST_COMPLETED)
        for task in done - {wait}:
            task.result()
    finally:
        for task in (wait, *clocks):
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task
        if server is not None:
            server.close()
        await simulator.drop()
        async with simulator.faults.saving:
            simulator.save()
        log.info("state saved, stopping")
