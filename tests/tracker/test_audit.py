"""The last line against silent loss: now and then our balances are held against the node's."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest
from tracker.counters import Counters
from tracker.follower_state import StateHolder
from tracker.networks import NETWORKS
from tracker.session import Session
from tracker.store import accounts
from tracker.store.database import Database
from tracker.store.schema import migrate
from tracker.unanswerable import Unanswerable

from tests.tracker.cluster import Cluster
from tests.tracker.tinynode import TinyNode

pytestmark = pytest.mark.anyio
Address = Callable[[int], str]


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


async def eventually(condition: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(15):
        while not await condition():  # noqa: ASYNC110  # the condition is a row in the database
            await asyncio.sleep(0.01)


async def test_a_change_that_the_node_never_told_is_found_by_the_second_audit(
    cluster: Cluster, database: str, node: TinyNode, address: Address
) -> None:
    pool, counters = Database(cluster.url(database), cluster.password_file), Counters()
    await pool.open()
    await pool.run(migrate)
    await pool.run(lambda connection: accounts.add(connection, "kaspa", address(1), None))
    node.pay(address(1), 5, "told by the snapshot")
    session = Session(node.url, NETWORKS["sandbox"], pool, counters, StateHolder(), unanswerable=Unanswerable())
    running = asyncio.create_task(session.run("connect"))

    async def has(sompi: int) -> bool:
        [account] = await pool.run(accounts.listing)
        return account.balance == sompi

    await eventually(lambda: has(5))
    node.behaviour.mute = True
    node.pay(address(1), 7, "untold")
    await session.audit()
    assert await has(5)  # a single difference proves nothing: the node may be a notification ahead
    await session.audit()
    assert counters.resyncs["audit"] == 1
    await eventually(lambda: has(12))
    for _ in range(2):
        await session.audit()
    assert counters.resyncs["audit"] == 1

    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    await pool.close()
