"""Start the simulated bitcoind with the flags and the bitcoin.conf of the real one."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Collection

import zmq

from sandbox.bitcoind.conf import Conf, ConfError, read
from sandbox.bitcoind.http import RpcServer
from sandbox.bitcoind.methods import METHODS
from sandbox.bitcoind.node import Node
from sandbox.bitcoind.params import BLOCK_S, TX_PER_S
from sandbox.runtime import Settings, every, log, log_to_stdout, save_every, until_stopped

SAVE_EVERY_S = 60.0
"""A save writes several megabytes. Changes through the control socket are saved at once."""


class Simulator(Node):
    """The node with its RPC server and ZMQ sockets."""

    methods: Collection[str] = METHODS

    def __init__(self, conf: Conf, seed: str) -> None:
        super().__init__(conf, seed)
        self.server = RpcServer(self)

    async def drop(self) -> None:
        await self.server.drop()
        self.notifier.close()

    async def restore(self) -> None:
        await self.server.open()
        self.notifier.open()


def main(argv: list[str]) -> int:
    log_to_stdout()
    try:
        asyncio.run(_run(read(argv), Settings.read(BLOCK_S), float(os.environ.get("SANDBOX_TX_PER_S", TX_PER_S))))
    except (ConfError, OSError, zmq.ZMQError) as fault:
        sys.stderr.write(f"the simulated bitcoind cannot start: {fault}\n")
        return 1
    return 0


async def _run(conf: Conf, settings: Settings, tx_per_s: float) -> None:
    await asyncio.to_thread(conf.datadir.mkdir, parents=True, exist_ok=True)
    simulator = Simulator(conf, settings.seed)
    if settings.block_s > 0 and tx_per_s > 0:
        simulator.create_history()
    await simulator.restore()
    doors = ", ".join(f"{host}:{port}" for host, port in conf.binds)
    log.info("bitcoind simulator on %s, height %d", doors, simulator.chain.height)
    log.info("signatures are not checked, and these coins have no value")
    clocks = [asyncio.create_task(save_every(SAVE_EVERY_S, simulator))]
    if settings.block_s > 0:
        _mine(simulator)
        clocks.append(asyncio.create_task(every(settings.block_s, simulator.faults, lambda: _mine(simulator))))
    if tx_per_s > 0:
        clocks.append(asyncio.create_task(every(1 / tx_per_s, simulator.faults, simulator.tick_flow)))
    await until_stopped(simulator, settings.control, *clocks)


def _mine(simulator: Simulator) -> None:
    simulator.tick_block()
    log.info("UpdateTip: new best=%s height=%d", simulator.chain.tip[::-1].hex(), simulator.chain.height)
