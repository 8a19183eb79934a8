"""Connections that watch keeps between its probes and that swallow everything: the next probes get through."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest

from manage.health import drivers
from manage.health.drivers import DEADLINE_S, Endpoint, Target
from manage.health.model import EngineState
from manage.health.watch.prober import Prober
from tests.reliability.swallowing import SwallowingProxy
from tests.stage.ports import free_port
from tests.tracker.cluster import Cluster
from tests.tracker.simulated import SimulatedKaspad


@dataclass(frozen=True)
class Watched:
    """A service on a real port, and the driver that asks it."""

    driver: str
    name: str
    port: int
    secrets: Path

    def target(self, port: int) -> Target:
        ports = {self.name: Endpoint("127.0.0.1", port, "ws" if self.driver == "kaspad" else "tcp")}
        return Target(self.driver, self.driver, "services", self.driver, "private", ports=ports, secrets=self.secrets)


@pytest.fixture(params=["kaspad", "timescaledb"])
def watched(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Watched]:
    with ExitStack() as running:
        if request.param == "kaspad":
            kaspad = running.enter_context(SimulatedKaspad(tmp_path, free_port(), "--utxoindex"))
            yield Watched("kaspad", "wrpc_json", kaspad.port, tmp_path)
            return
        cluster = running.enter_context(Cluster())
        with cluster.connect("postgres") as connection:
            connection.execute("CREATE ROLE watch LOGIN PASSWORD 'seen' IN ROLE pg_monitor")
            connection.execute("CREATE DATABASE watch_private OWNER watch")
        (tmp_path / "watch_db_password").write_text("seen")
        yield Watched("timescaledb", "sql", cluster.port, tmp_path)


@pytest.mark.promise(
    "A connection of watch that swallows everything costs one probe, which ends within its deadline and a second",
    runs="ci",
)
def test_a_dead_connection_costs_one_probe(watched: Watched) -> None:
    async def scene() -> None:
        async with SwallowingProxy(watched.port) as proxy:
            prober = Prober(watched.target(proxy.port), drivers.load(watched.driver))
            prober.see_engine(EngineState("running"))
            await prober.probe()
            await prober.probe()
            assert prober.record.fault == ""
            assert proxy.accepted == 1, "the connection stays open"
            proxy.swallow()
            began = time.monotonic()
            await prober.probe()
            assert time.monotonic() - began < DEADLINE_S + 1.5
            assert "within" in prober.record.fault
            await prober.probe()
            assert prober.record.fault == ""
            await prober._memory.release()

    asyncio.run(scene())
