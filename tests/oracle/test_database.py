"""History in PostgreSQL: its schema, and an unavailable database."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from oracle.estimate import Estimate, State
from oracle.history import postgres, writer
from oracle.history.entries import SCHEMA_VERSION, Bucket, Entry, HistoryUnavailable
from oracle.history.postgres import PostgresStore
from oracle.history.writer import Writer
from oracle.live import answer
from oracle.live.answer import Market

from tests.oracle.bitcoind import Bitcoind
from tests.oracle.generator import Generator
from tests.oracle.process import Oracle, environment
from tests.reliability.swallowing import SwallowingProxy
from tests.stage.ports import free_port
from tests.stage.waiting import until
from tests.tracker.cluster import Cluster

NOW = 1_795_000_000.0
ESTIMATE = Estimate(50_000.0, 49_900.0, 50_100.0, 0.9, State.OK, "one price stands out", 7)


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    with Cluster() as running:
        yield running


@pytest.fixture
def database(cluster: Cluster) -> str:
    return cluster.new_database()


@pytest.mark.promise("`/api/v1/history` is kept in PostgreSQL", runs="ci")
def test_history_comes_back_in_steps(cluster: Cluster, database: str) -> None:
    async def scene() -> list[Bucket]:
        store = PostgresStore(cluster.url(database), cluster.password_file)
        for _ in range(2):  # the second finds the schema in place
            await store.open()
        entries = [Entry(NOW + n, 100.0 + n, 90.0, 110.0 + n, 0.5, "ok", "real") for n in range(10)]
        await store.write([*entries, Entry(NOW + 10, None, None, None, 0.0, "no_signal", "real")])
        await store.write(entries)
        await store.forget(NOW + 1)
        found = await store.read(NOW, NOW + 60, 10)
        await store.close()
        return found

    first, second = asyncio.run(scene())
    assert first == Bucket(NOW, 105.0, 90.0, 119.0, 0.5, "ok", "real", 9)
    assert second == Bucket(NOW + 10, None, None, None, 0.0, "no_signal", "real", 1)


@pytest.mark.parametrize(("ahead", "works"), [(1, True), (2, False)])
def test_a_schema_of_one_version_later_is_worked_with(cluster: Cluster, database: str, ahead: int, works: bool) -> None:
    async def opened() -> None:
        store = PostgresStore(cluster.url(database), cluster.password_file)
        try:
            await store.open()
        finally:
            await store.close()

    asyncio.run(opened())
    with cluster.connect(database) as connection:
        connection.execute("INSERT INTO schema_version VALUES (%s)", (SCHEMA_VERSION + ahead,))
    if works:
        asyncio.run(opened())
    else:
        with pytest.raises(HistoryUnavailable, match="this oracle supports"):
            asyncio.run(opened())


@pytest.mark.promise("An unreadable or wrong database password is reported, and read again", runs="ci")
def test_a_password_that_cannot_be_read_is_told_and_read_again(cluster: Cluster, database: str, tmp_path: Path) -> None:
    password = tmp_path / "password"

    async def scene() -> None:
        store = PostgresStore(cluster.url(database), password)
        with pytest.raises(HistoryUnavailable, match="No such file"):
            await store.open()
        password.write_text("wrong")
        with pytest.raises(HistoryUnavailable, match="password authentication failed"):
            await store.open()
        password.write_text(cluster.password_file.read_text())
        await store.open()
        await store.close()

    asyncio.run(scene())


@pytest.mark.promise("While the database is away, only the history is missing", runs="ci")
def test_a_database_that_is_away_takes_history_and_nothing_else(
    cluster: Cluster, database: str, tmp_path: Path
) -> None:
    folder = tmp_path / "node"
    folder.mkdir()
    with Bitcoind(folder, None) as node:
        Generator(node).pay(800)
        env = environment(
            node.running,
            DATABASE_URL=cluster.url(database),
            DATABASE_PASSWORD_FILE=str(cluster.password_file),
        )
        with Oracle(tmp_path, free_port(), env) as oracle:
            oracle.wait_state("ok", "wide")
            until(lambda: oracle.get("/api/v1/history").body.get("history"))
            assert oracle.get("/ready").body["history"] == ""
            cluster.stop()
            until(lambda: oracle.get("/ready").body["history"], 30)
            refused = oracle.get("/api/v1/history")
            assert refused.status == 503
            assert "history is unavailable" in refused.body["error"]
            assert oracle.get("/ready").status == 200
            assert oracle.price()["price"]
            cluster.start()
            until(lambda: oracle.get("/ready").body["history"] == "", 30)
            assert oracle.get("/api/v1/history").status == 200
            with cluster.paused():
                until(lambda: "did not answer within" in oracle.get("/ready").body["history"], 30)
                assert oracle.price()["age_s"] < 6
            until(lambda: oracle.get("/ready").body["history"] == "", 30)


@pytest.mark.promise(
    "A connection of the oracle to its database that swallows everything costs one deadline and no entry",
    runs="ci",
)
def test_a_dead_connection_costs_one_deadline_and_no_entry(
    cluster: Cluster, database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(postgres, "DEADLINE_S", 0.5)
    monkeypatch.setattr(writer, "EVERY_S", 0.5)

    async def scene() -> list[Bucket]:
        async with SwallowingProxy(cluster.port) as proxy:
            url = cluster.url(database).replace(f":{cluster.port}/", f":{proxy.port}/")
            store = PostgresStore(url, cluster.password_file)
            writing = Writer(store)
            task = asyncio.create_task(writing.run())
            await told(lambda: not writing.fault)
            proxy.swallow()
            began = time.monotonic()
            for n in range(5):
                writing.note(answer.of_estimate(ESTIMATE, Market.REAL, NOW + n))
            await told(lambda: "did not answer within 0.5 s" in writing.fault)
            assert time.monotonic() - began < 3
            await told(lambda: not writing.fault)
            task.cancel()
            found = await store.read(NOW, NOW + 60, 60)
            await store.close()
            return found

    assert [bucket.entries for bucket in asyncio.run(scene())] == [5]


async def told(condition: Callable[[], bool]) -> None:
    await asyncio.to_thread(until, condition, 15)
