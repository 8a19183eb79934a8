"""The network of a real container is cut without a reset, and healed: watch finds the node again by itself."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import psutil
import pytest
from sandbox import control

from manage.health import drivers, verdict
from manage.health.drivers import Endpoint, Target
from manage.health.model import EngineState, Judgement
from manage.health.watch.prober import Prober
from tests.engine import tiny
from tests.manage.health.cases import service_health
from tests.nodes.programs import PASSWORDS, write_bitcoin_conf
from tests.stage.processes import SERVICES, Child

RPC, ZMQ = 18443, 28332
CUT_S = 6.0
"""Longer than heartbeat and deadline of the ZMQ connection."""
BACK_S = 15.0


@dataclass(frozen=True)
class Container:
    address: str
    namespace: tuple[str, ...]
    """The command that runs another one in its network."""

    @contextmanager
    def cut(self) -> Iterator[None]:
        """Its packets are dropped, in both directions; for the connections of before it stays like that.

        Otherwise the kernel's retransmissions would revive them. A router that lost its table forgets them like this.
        """
        before = [
            link.laddr.port
            for link in psutil.Process().net_connections("tcp")
            if link.status == psutil.CONN_ESTABLISHED and link.raddr.ip == self.address
        ]
        everything = (("INPUT", "!", "-i", "lo"), ("OUTPUT", "!", "-o", "lo"))
        self._drop("-I", *everything)
        yield
        for port in before:
            self._drop(
                "-I", ("INPUT", "-p", "tcp", "--sport", str(port)), ("OUTPUT", "-p", "tcp", "--dport", str(port))
            )
        self._drop("-D", *everything)

    def _drop(self, action: str, *rules: tuple[str, ...]) -> None:
        for chain, *match in rules:
            subprocess.run([*self.namespace, "iptables", "-w", action, chain, *match, "-j", "DROP"], check=True)


@pytest.fixture
def container(engine: Any) -> Iterator[Container]:
    reference, _digest = tiny.ensure(engine, endless=True)
    made = engine.create_container(reference, labels={tiny.TEST_LABEL: "engine"})["Id"]
    try:
        engine.start(made)
        found = engine.inspect_container(made)
        namespace = ("nsenter", f"--net=/proc/{found['State']['Pid']}/ns/net")
        yield Container(found["NetworkSettings"]["Networks"]["bridge"]["IPAddress"], namespace)
    finally:
        engine.remove_container(made, force=True)


class Bitcoind(Child):
    """A simulated one in the container's network."""

    def __init__(self, container: Container, folder: Path) -> None:
        self._socket = folder / "control.sock"
        conf = write_bitcoin_conf(folder, RPC, f"tcp://{container.address}:{ZMQ}")
        lines = [line for line in conf.read_text().splitlines() if not line.startswith("rpcwhitelist")]
        conf.write_text("\n".join([*lines, f"rpcbind={container.address}", "rpcallowip=0.0.0.0/0\n"]))
        command = [sys.executable, "-m", "sandbox", "bitcoind", f"-conf={conf}", f"-datadir={folder}"]
        settings = {"PYTHONPATH": str(SERVICES), "SANDBOX_CONTROL": str(self._socket), "SANDBOX_BLOCK_S": "0"}
        super().__init__([*container.namespace, *command], {**os.environ, **settings}, folder / "log")

    def is_up(self) -> bool:
        return self._socket.exists()

    def mine(self) -> None:
        control.call(self._socket, "mine", blocks=1)


def target(container: Container, folder: Path) -> Target:
    (folder / "bitcoind_rpc_watch").write_text(PASSWORDS["watch"])
    ports = {"rpc": Endpoint(container.address, RPC, "http"), "zmq": Endpoint(container.address, ZMQ, "tcp")}
    limits = {**service_health("bitcoind", "private")["thresholds"], "zmq_gap_s": 0.0, "max_silence_s": 4.0}
    made = Target("bitcoind", "Bitcoin", "chains", "bitcoind", "private", ports=ports, secrets=folder, startup_s=0)
    return replace(made, thresholds={**limits})


@pytest.mark.engine
@pytest.mark.promise("A node whose container is cut off is down, and right again within 15 s after the cut", runs="ci")
def test_a_node_is_found_again_after_its_network_was_cut(container: Container, tmp_path: Path) -> None:
    with Bitcoind(container, tmp_path) as node:
        asyncio.run(scene(node, container, target(container, tmp_path)))


async def scene(node: Bitcoind, container: Container, watched: Target) -> None:
    driver = drivers.load("bitcoind")
    prober, engine = Prober(watched, driver), EngineState("running", started_at=time.time() - 60)
    prober.see_engine(engine)

    async def judged() -> Judgement:
        node.mine()
        await prober.probe()
        await asyncio.sleep(0.2)  # not faster than watch while a change runs
        return verdict.judge(watched, driver, prober.record, engine, time.time())

    async def comes(name: str, words: str, within_s: float) -> None:
        deadline, found = time.monotonic() + within_s, await judged()
        while found.verdict != name or words not in found.reason:
            assert time.monotonic() < deadline, found
            found = await judged()

    await comes("healthy", "ZMQ proven", BACK_S)
    with container.cut():
        began = time.monotonic()
        await comes("down", "silent", 12.0)
        await asyncio.sleep(max(0.0, CUT_S - (time.monotonic() - began)))
    await comes("healthy", "ZMQ proven", BACK_S)
    await prober._memory.release()
