"""Connections of the tracker that swallow everything: no reset and no answer, as when a cable is cut."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from nodeclients import database as links
from nodeclients.links import DATABASE_SERVER, KASPAD, TRACKER_DATABASE
from psycopg import AsyncConnection
from tracker.store.database import Database, DatabaseUnavailable

from tests.reliability.swallowing import SwallowingProxy, in_front_of
from tests.stage.ports import free_port
from tests.tracker.cluster import Cluster
from tests.tracker.process import Tracker
from tests.tracker.simulated import SimulatedKaspad
from tests.tracker.tinynode import TinyNode

Address = Callable[[int], str]
KAS = 100_000_000
NOTICED_S = KASPAD.every_s + KASPAD.deadline_s + 3.0
"""Heartbeat and deadline, and room for a busy machine."""
BACK_S = 15.0


@pytest.fixture
def kaspad(tmp_path: Path) -> Iterator[SimulatedKaspad]:
    with SimulatedKaspad(tmp_path, free_port(), "--utxoindex") as running:
        yield running


@pytest.mark.promise(
    "A connection of the tracker to its node that swallows everything is noticed within 9 s, and no payment is lost",
    runs="ci",
)
def test_a_dead_connection_to_the_node_is_replaced_and_nothing_is_lost(
    start_tracker: Callable[..., Tracker], kaspad: SimulatedKaspad, address: Address
) -> None:
    with in_front_of(kaspad.port) as proxy:
        tracker = start_tracker(f"ws://127.0.0.1:{proxy.port}")
        tracker.wait_ready()
        tracker.follow(address(1))
        kaspad.order("pay", address=address(1), amount=2 * KAS)
        tracker.wait_amount(address(1), 2 * KAS)
        proxy.cut()
        kaspad.order("pay", address=address(1), amount=3 * KAS)
        assert tracker.wait_not_ready("kaspad", NOTICED_S)["waits_for"] == ["kaspad"]
        assert tracker.balance(address(1))["status"] == "stale"
        proxy.heal()
        tracker.wait_amount(address(1), 5 * KAS, BACK_S)
        kaspad.order("pay", address=address(1), amount=KAS)
        tracker.wait_amount(address(1), 6 * KAS, deadline_s=2)


@pytest.mark.promise(
    "A connection of the tracker to its database that swallows everything is noticed within 10 s and replaced, "
    "and what was paid meanwhile is written",
    runs="ci",
)
def test_a_dead_connection_to_the_database_is_replaced_and_nothing_is_lost(
    start_tracker: Callable[..., Tracker], cluster: Cluster, database: str, node: TinyNode, address: Address
) -> None:
    with in_front_of(cluster.port) as proxy:
        tracker = start_tracker(node.url, DATABASE_URL=through(proxy, cluster, database))
        tracker.wait_ready()
        tracker.follow(address(1))
        tracker.wait_amount(address(1), 0)
        proxy.cut()
        node.pay(address(1), 7, "while cut")
        noticed_s = TRACKER_DATABASE.every_s + TRACKER_DATABASE.deadline_s + 3.0
        assert tracker.wait_not_ready("database", noticed_s)["waits_for"] == ["timescaledb"]
        proxy.heal()
        tracker.wait_ready(BACK_S)
        tracker.wait_amount(address(1), 7)


def through(proxy: SwallowingProxy, cluster: Cluster, database: str) -> str:
    return cluster.url(database).replace(f":{cluster.port}/", f":{proxy.port}/")


@pytest.fixture
def locked(cluster: Cluster, database: str) -> str:
    """A database with one row that transactions lock."""
    with cluster.connect(database) as connection:
        connection.execute("CREATE TABLE held (number integer)")
        connection.execute("INSERT INTO held VALUES (1)")
    return database


@pytest.mark.promise(
    "A transaction on a dead connection ends at its deadline for us, and soon after for the server, with its locks",
    runs="ci",
)
def test_a_dead_transaction_leaves_no_lock_behind(
    cluster: Cluster, locked: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(links, "DATABASE_SERVER", replace(DATABASE_SERVER, deadline_s=1.5))

    async def take(connection: AsyncConnection) -> None:
        await connection.execute("UPDATE held SET number = number + 1")

    async def scene() -> None:
        async with SwallowingProxy(cluster.port) as proxy:
            database = Database(through(proxy, cluster, locked), cluster.password_file)
            await database.open()

            async def take_and_lose(connection: AsyncConnection) -> None:
                await take(connection)
                proxy.swallow()
                await connection.execute("SELECT 1")

            began = time.monotonic()
            with pytest.raises(DatabaseUnavailable, match=r"did not answer within 0\.5 s"):
                await database.run(take_and_lose, 0.5)
            assert time.monotonic() - began < 1.4
            await database.run(take, 10.0)
            await database.close()

    asyncio.run(scene())
    with cluster.connect(locked) as connection:
        assert connection.execute("SELECT number FROM held").fetchone() == (2,)


def test_a_long_transaction_ends_once_the_database_is_silent(
    cluster: Cluster, database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tracker.store.database.SILENT_AFTER_S", 1.0)

    async def scene() -> None:
        async with SwallowingProxy(cluster.port) as proxy:
            store = Database(through(proxy, cluster, database), cluster.password_file)
            await store.open()
            watching = asyncio.create_task(store.watch())
            await store.checked.wait()

            async def lose(connection: AsyncConnection) -> None:
                proxy.cut()
                await connection.execute("SELECT 1")

            with pytest.raises(DatabaseUnavailable, match="the database failed"):
                async with asyncio.timeout(10):
                    await store.run(lose, 60.0)
            watching.cancel()
            await store.close()

    asyncio.run(scene())
