"""Start the simulated kaspad with the flags of the real one."""

from __future__ import annotations

import argparse
import asyncio
import sys
from collections.abc import Callable, Collection
from pathlib import Path

from nodeclients.networks import KASPA

from sandbox.kaspad.node import Flags, Node
from sandbox.kaspad.params import BLOCK_S
from sandbox.kaspad.server import ANSWERED, WrpcServer
from sandbox.runtime import Settings, every, log, log_to_stdout, save_every, until_stopped

SAVE_EVERY_S = 30.0
REPORT_EVERY_S = 10.0
PORT = KASPA["sandbox"].wrpc_json_port
"""wRPC JSON on simnet."""


class Simulator(Node):
    """The node with its wRPC server."""

    methods: Collection[str] = ANSWERED

    def __init__(self, flags: Flags, seed: str) -> None:
        super().__init__(flags, seed)
        self.server = WrpcServer(self)

    async def drop(self) -> None:
        await self.server.drop()

    async def restore(self) -> None:
        await self.server.open()


def main(argv: list[str]) -> int:
    flags, ignored = parse(argv)
    log_to_stdout()
    if ignored:
        log.info("the simulator ignores these flags: %s", " ".join(ignored))
    try:
        asyncio.run(_run(flags, Settings.read(BLOCK_S)))
    except OSError as fault:
        sys.stderr.write(f"the simulated kaspad cannot start: {fault}\n")
        return 1
    return 0


def parse(argv: list[str]) -> tuple[Flags, list[str]]:
    """The flags that affect clients, and those that the simulator ignores."""
    parser = argparse.ArgumentParser(prog="sandbox kaspad", allow_abbrev=False)
    parser.add_argument("--appdir", type=Path, default=Path.home() / ".rusty-kaspa")
    parser.add_argument("--rpclisten-json", nargs="?", default="", const="default")
    parser.add_argument("--utxoindex", action="store_true")
    parser.add_argument("--unsaferpc", action="store_true")
    parser.add_argument("--simnet", action="store_true", help="the only supported network")
    parser.add_argument("--testnet", "--devnet", action=_OtherNetwork, nargs=0)
    known, ignored = parser.parse_known_args(argv)
    host, port = _address(known.rpclisten_json)
    return Flags(host, port, known.utxoindex, known.unsaferpc, known.appdir / "sandbox-kaspad.json"), ignored


class _OtherNetwork(argparse.Action):
    def __call__(self, parser: argparse.ArgumentParser, *_rest: object) -> None:
        parser.error("the simulator supports simnet only: pass --simnet")


def _address(text: str) -> tuple[str, int]:
    """kaspad's notation: `default` is loopback, `public` all addresses, else IP or IP:PORT. Port 0 without the flag."""
    if not text:
        return "", 0
    named = {"default": "127.0.0.1", "public": "0.0.0.0"}
    host, _, port = named.get(text, text).partition(":")
    return host or "0.0.0.0", int(port or PORT)


async def _run(flags: Flags, settings: Settings) -> None:
    await asyncio.to_thread(flags.state_file.parent.mkdir, parents=True, exist_ok=True)
    simulator = Simulator(flags, settings.seed)
    await simulator.server.open()
    log.info("kaspad simulator on %s:%d, DAA score %d", flags.host, flags.port, simulator.chain.block_count)
    log.info("signatures are not checked, and these coins have no value")
    clocks = [asyncio.create_task(save_every(SAVE_EVERY_S, simulator))]
    if settings.block_s > 0:
        simulator.tick()
        clocks.append(asyncio.create_task(every(settings.block_s, simulator.faults, simulator.tick)))
        clocks.append(asyncio.create_task(every(REPORT_EVERY_S, simulator.faults, _reporter(simulator))))
    await until_stopped(simulator, settings.control, *clocks)


def _reporter(simulator: Simulator) -> Callable[[], None]:
    last = simulator.chain.block_count

    def report() -> None:
        nonlocal last
        count = simulator.chain.block_count
        log.info("Accepted %d blocks, DAA score %d", count - last, count)
        last = count

    return report
