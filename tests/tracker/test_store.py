"""The ledger in SQL does what the pure ledger says, on a real PostgreSQL."""

from __future__ import annotations

import random
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from itertools import pairwise

import psycopg
import pytest
from psycopg import AsyncConnection
from tracker.ledger import Change, Outpoint, Utxo, apply, fold
from tracker.store import accounts, balances
from tracker.store.balances import Moment
from tracker.store.schema import SchemaTooNew, migrate

from tests.tracker.cluster import Cluster

pytestmark = pytest.mark.anyio
NAMES = ("a", "b", "c")


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
async def connection(cluster: Cluster, database: str) -> AsyncIterator[AsyncConnection]:
    opened = await AsyncConnection.connect(cluster.url(database), password=cluster.password_file.read_text())
    async with opened:  # one transaction; those within it are savepoints
        async with opened.transaction():
            await migrate(opened)
        yield opened


def moment(daa_score: int) -> Moment:
    return Moment(datetime.fromtimestamp(1_800_000_000 + daa_score, UTC), daa_score)


def utxo(number: int, amount: int, daa: int = 1) -> Utxo:
    """Its owner follows from its number, as an outpoint's does on a chain."""
    return Utxo(Outpoint(number.to_bytes(32, "big"), number % 2), NAMES[number % 3], amount, daa, False)


async def held(connection: AsyncConnection) -> dict[str, int | None]:
    return {account.address: account.balance for account in await accounts.listing(connection)}


async def history(connection: AsyncConnection, address: str) -> list[int]:
    rows = await connection.execute(
        "SELECT amount FROM balance_point JOIN account ON id = account_id WHERE address = %s ORDER BY ts", (address,)
    )
    return [int(amount) async for (amount,) in rows]


async def test_a_random_life_of_snapshots_and_changes_ends_where_the_pure_ledger_ends(
    connection: AsyncConnection,
) -> None:
    dice = random.Random(7)
    for name in NAMES:
        await accounts.add(connection, "kaspa", name, None)
        await balances.replace(connection, "kaspa", [name], [], moment(0))
    node: dict[Outpoint, Utxo] = {}
    told: list[Change] = []
    for step in range(1, 120):
        gone = {outpoint: each.address for outpoint, each in node.items() if dice.random() < 0.2}
        new = [utxo(dice.randrange(60), dice.choice([1, 50, 2**60]), step) for _ in range(dice.randrange(4))]
        change = fold([Change(gone, {}), Change({}, {each.outpoint: each for each in new})])
        node = apply(node, change)
        told.append(change)
        if dice.random() < 0.1:
            async with connection.transaction():
                await balances.replace(connection, "kaspa", NAMES, node.values(), moment(step))
            # earlier notifications are applied again on top of the snapshot
            async with connection.transaction():
                await balances.apply(connection, "kaspa", fold(told[-5:]), moment(step))
        else:
            async with connection.transaction():
                await balances.apply(connection, "kaspa", change, moment(step))
        expected = dict.fromkeys(NAMES, 0)
        for each in node.values():
            expected[each.address] += each.amount
        assert await held(connection) == expected
    rows = await (await connection.execute("SELECT transaction_id, output_index, amount FROM utxo")).fetchall()
    assert sorted(rows) == sorted((*each.outpoint, each.amount) for each in node.values())
    for name in NAMES:
        points = await history(connection, name)
        assert points[-1] == expected[name]
        assert all(earlier != later for earlier, later in pairwise(points))


async def test_history_grows_only_when_a_balance_changes(connection: AsyncConnection) -> None:
    await accounts.add(connection, "kaspa", "a", None)
    paid = utxo(3, 5)
    for step in range(1, 4):
        await balances.replace(connection, "kaspa", ["a"], [paid], moment(step))
        change = Change({}, {paid.outpoint: paid})
        assert await balances.apply(connection, "kaspa", change, moment(step)) == {}
    assert await history(connection, "a") == [5]


async def test_a_change_before_the_first_snapshot_is_left_to_the_snapshot(connection: AsyncConnection) -> None:
    await accounts.add(connection, "kaspa", "a", None)
    paid = utxo(3, 5)
    assert await balances.apply(connection, "kaspa", Change({}, {paid.outpoint: paid}), moment(1)) == {}
    assert await held(connection) == {"a": None}
    assert await balances.replace(connection, "kaspa", ["a"], [paid], moment(2)) == {"a": 5}


async def test_what_nobody_follows_is_not_written(connection: AsyncConnection) -> None:
    stranger = utxo(3, 5)
    assert await balances.apply(connection, "kaspa", Change({}, {stranger.outpoint: stranger}), moment(1)) == {}
    assert await balances.replace(connection, "kaspa", ["a"], [stranger], moment(2)) == {}
    assert (await connection.execute("SELECT FROM utxo")).rowcount == 0


async def test_removing_an_account_forgets_all_of_it(connection: AsyncConnection) -> None:
    await accounts.add(connection, "kaspa", "a", None)
    await balances.replace(connection, "kaspa", ["a"], [utxo(3, 5)], moment(1))
    assert await accounts.remove(connection, "a")
    for table in ("account", "utxo", "balance_point"):
        assert (await connection.execute(f"SELECT FROM {table}")).rowcount == 0


async def test_migrating_again_changes_nothing(connection: AsyncConnection) -> None:
    async with connection.transaction():
        first = await migrate(connection)
    async with connection.transaction():
        assert await migrate(connection) == first
    assert (await connection.execute("SELECT FROM schema_version")).rowcount == first.schema_version


async def test_a_schema_one_version_newer_is_worked_with_and_a_later_one_is_not(connection: AsyncConnection) -> None:
    async with connection.transaction():
        known = (await migrate(connection)).schema_version
    await connection.execute("INSERT INTO schema_version VALUES (%s)", (known + 1,))
    async with connection.transaction():
        assert (await migrate(connection)).schema_version == known + 1
    await connection.execute("INSERT INTO schema_version VALUES (%s)", (known + 2,))
    with pytest.raises(SchemaTooNew, match="use the newer tracker"):
        async with connection.transaction():
            await migrate(connection)


async def test_a_failed_transaction_leaves_the_ledger_as_it_was(connection: AsyncConnection) -> None:
    await accounts.add(connection, "kaspa", "a", None)
    await balances.replace(connection, "kaspa", ["a"], [utxo(3, 5)], moment(1))
    with pytest.raises(psycopg.errors.DivisionByZero):
        async with connection.transaction():
            await balances.apply(connection, "kaspa", Change({utxo(3, 5).outpoint: "a"}, {}), moment(2))
            await connection.execute("SELECT 1 / 0")
    assert await held(connection) == {"a": 5}
