"""The tracker's follower in the test's own process, so that a test can shorten its deadlines and bounds."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

from tracker import portfolio
from tracker.counters import Counters
from tracker.follower import Follower
from tracker.networks import NETWORKS
from tracker.schemas import Balance, Portfolio
from tracker.store import accounts
from tracker.store.database import Database
from tracker.store.schema import migrate

from tests.tracker.cluster import Cluster


@dataclass
class Following:
    database: Database
    follower: Follower
    counters: Counters

    async def portfolio(self) -> Portfolio:
        """What GET /api/portfolio answers."""
        listed = await self.database.run(accounts.listing)
        return portfolio.of_accounts(listed, self.follower.state, "sandbox", time.time())

    async def balances(self) -> dict[str, Balance]:
        return {each.address: each.balance for each in (await self.portfolio()).addresses}

    async def until(self, condition: Callable[[dict[str, Balance]], bool], deadline_s: float = 15) -> None:
        """Wait for a state of the balances."""
        shown: dict[str, Balance] = {}
        try:
            async with asyncio.timeout(deadline_s):
                while not condition(shown := await self.balances()):  # noqa: ASYNC110  # rows in a database
                    await asyncio.sleep(0.02)
        except TimeoutError:
            wrong = {a[-8:]: (b.amount, b.status, b.reason) for a, b in shown.items() if b.status != "ok"}
            raise AssertionError(f"{self.follower.state.reason}: {wrong}") from None

    async def until_amount(self, address: str, sompi: int, deadline_s: float = 15) -> None:
        expected = (str(sompi), "ok")
        await self.until(lambda all_: (all_[address].amount, all_[address].status) == expected, deadline_s)


@asynccontextmanager
async def following(url: str, cluster: Cluster, database: str, addresses: Sequence[str]) -> AsyncIterator[Following]:
    """Follow these addresses at the node `url`."""
    pool, counters = Database(cluster.url(database), cluster.password_file), Counters()
    await pool.open()
    await pool.run(migrate)
    for address in addresses:
        await pool.run(lambda connection, a=address: accounts.add(connection, "kaspa", a, None))  # type: ignore[misc]
    follower = Follower(url, NETWORKS["sandbox"], pool, counters)
    running = [asyncio.create_task(pool.watch()), asyncio.create_task(follower.run())]
    try:
        yield Following(pool, follower, counters)
    finally:
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)
        await pool.close()
