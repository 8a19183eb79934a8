"""The connections to PostgreSQL: a small pool, a deadline for everything, and the health of the server."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import psycopg
from nodeclients import database
from nodeclients.links import TRACKER_DATABASE
from psycopg import AsyncConnection
from psycopg.conninfo import make_conninfo
from psycopg_pool import AsyncConnectionPool, PoolClosed, PoolTimeout

from tracker.store.schema import Edition, migrate

T = TypeVar("T")
log = logging.getLogger(__name__)

DEADLINE_S = TRACKER_DATABASE.deadline_s
"""Deadline of one transaction. A paused server still accepts TCP; only our own deadline detects it."""
LONGEST_S = 60.0
"""The longest deadline that any transaction has: the server ends what runs longer."""
CHECK_S = 1.0
"""Deadline of the check of a connection that the pool has kept."""
LEAVE_S = 1.0
"""How long a transaction whose deadline has passed may take to end."""
CHECK_EVERY_S = TRACKER_DATABASE.every_s
SILENT_AFTER_S = 6.0
"""After the database has been silent for this long, it counts as unavailable."""


class DatabaseUnavailable(Exception):
    """The database failed or is unavailable; the message says why."""


@dataclass(frozen=True)
class DatabaseHealth:
    """The last known health of the database. `answered_at` is the time of its last answer in monotonic seconds."""

    answered_at: float | None = None
    fault: str = "the database has not answered yet"
    edition: Edition | None = None
    """None until the schema is ready."""

    def reason(self, now: float) -> str:
        """Why the database cannot be used at `now` (monotonic seconds); "" if it can."""
        if self.fault or self.edition is None:
            return self.fault or "the database schema is not ready yet"
        if self.answered_at is None or now - self.answered_at > SILENT_AFTER_S:
            return "the database does not answer"
        return ""


class Database:
    """A pool of at most four connections and the last known health."""

    def __init__(self, url: str, password_file: Path) -> None:
        def conninfo() -> str:
            password = password_file.read_text(encoding="utf-8").strip()
            return make_conninfo(url, password=password, **database.arguments("nodeyard-tracker", LONGEST_S))

        self.health = DatabaseHealth()
        self.checked = asyncio.Event()
        """Set once `watch` knows whether the database answers."""
        self._abandoned: set[asyncio.Task[Any]] = set()
        self._busy: set[AsyncConnection] = set()
        self._pool = AsyncConnectionPool[AsyncConnection](
            conninfo,
            min_size=1,
            max_size=4,
            timeout=3.0,
            reconnect_timeout=TRACKER_DATABASE.retry.longest_s,  # the back-off of the pool
            check=_check,
            open=False,
            name="tracker",
        )

    async def open(self) -> None:
        """Start connecting in the background; does not wait for the server."""
        logging.getLogger("psycopg.pool").setLevel(logging.ERROR)  # it logs every attempt; `watch` logs a failure once
        await self._pool.open(wait=False)

    async def close(self) -> None:
        await self._pool.close(timeout=2.0)

    async def run(self, work: Callable[[AsyncConnection], Awaitable[T]], deadline_s: float = DEADLINE_S) -> T:
        """Run `work` in one transaction, rolled back on any error, and return its result.

        Raises DatabaseUnavailable if the server fails or is too slow. A transaction whose caller is cancelled is left
        to psycopg's clean-up, which may take 10 s. That is safe: it keeps its locks on the accounts until it ends.
        """
        task = asyncio.create_task(self._transact(work, deadline_s))
        try:
            done, _ = await asyncio.wait({task}, timeout=deadline_s + LEAVE_S)
        except asyncio.CancelledError:
            self._abandon(task)
            raise
        if not done:
            self._abandon(task)
            raise DatabaseUnavailable(f"the database did not answer within {deadline_s:g} s")
        return task.result()

    async def _transact(self, work: Callable[[AsyncConnection], Awaitable[T]], deadline_s: float) -> T:
        ends = time.monotonic() + deadline_s
        try:
            async with self._pool.connection() as connection:
                self._busy.add(connection)
                try:
                    async with database.deadline(connection, ends - time.monotonic()), connection.transaction():
                        return await work(connection)
                finally:
                    self._busy.discard(connection)
        except TimeoutError as error:
            raise DatabaseUnavailable(f"the database did not answer within {deadline_s:g} s") from error
        except PoolTimeout as error:
            raise DatabaseUnavailable("the database does not accept connections") from error
        except (psycopg.OperationalError, PoolClosed) as error:
            raise DatabaseUnavailable(f"the database failed: {_first_line(error)}") from error

    def _abandon(self, task: asyncio.Task[T]) -> None:
        """Cancel the task without waiting for its end."""
        task.cancel()
        self._abandoned.add(task)
        task.add_done_callback(self._abandoned.discard)
        task.add_done_callback(lambda ended: ended.cancelled() or ended.exception())  # keeps asyncio from logging it

    async def require_available(self) -> None:
        """Raise DatabaseUnavailable at once if the database is known to be unavailable."""
        if reason := self.health.reason(time.monotonic()):
            raise DatabaseUnavailable(reason)

    async def watch(self) -> None:
        """Keep `health` up to date while the process runs; create or migrate the schema on the first answer."""
        while True:
            before = self.health.fault
            self.health = await self._check()
            self.checked.set()
            if self.health.fault and self.health.fault != before:
                log.warning("database: %s", self.health.fault)
            elif before and not self.health.fault:
                log.info("database: %s", self.health.edition.sentence if self.health.edition else "answers")
            if self.health.fault and time.monotonic() - (self.health.answered_at or 0.0) > SILENT_AFTER_S:
                for connection in self._busy:  # long transactions have long deadlines
                    database.hang_up(connection)
            await asyncio.sleep(CHECK_EVERY_S if not self.health.fault else CHECK_EVERY_S / 4)

    async def _check(self) -> DatabaseHealth:
        edition = self.health.edition
        try:
            if edition is None:
                edition = await self.run(migrate, 60.0)
            else:
                await self.run(lambda connection: connection.execute("SELECT 1"), 2.0)
        except DatabaseUnavailable as error:
            return DatabaseHealth(self.health.answered_at, str(error), edition)
        except Exception as error:
            log.exception("the tracker could not prepare the database")
            return DatabaseHealth(
                self.health.answered_at, f"the database cannot be used: {_first_line(error)}", edition
            )
        return DatabaseHealth(time.monotonic(), "", edition)


async def _check(connection: AsyncConnection) -> None:
    """For the pool: raise if a kept connection is dead, so that it takes another one."""
    try:
        async with database.deadline(connection, CHECK_S):
            await AsyncConnectionPool.check_connection(connection)
    except TimeoutError as error:
        raise psycopg.OperationalError("the connection does not answer") from error


def _first_line(error: BaseException) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0]
