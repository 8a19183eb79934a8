"""History in one SQLite file, for a standalone oracle."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from oracle.history.entries import SCHEMA_VERSION, Bucket, Entry, HistoryUnavailable

SCHEMA = """
create table price (
    at real primary key, price real, low real, high real, confidence real not null, state text not null,
    market text not null
) without rowid;
"""
# Bare columns of a query with max() come from the row of the maximum: sqlite.org/lang_select.html#bareagg
READ = """
select cast(at / :step as integer) * :step, avg(price), min(low), max(high), avg(confidence), state, market, count(*),
       max(at)
from price where at >= :first and at < :last group by 1 order by 1
"""


class SqliteStore:
    """One connection, used by one thread at a time."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._connection: sqlite3.Connection | None = None
        self._lock = asyncio.Lock()

    async def open(self) -> None:
        await self._do(lambda connection: connection.execute("select 1 from price limit 1"))

    async def write(self, entries: Sequence[Entry]) -> None:
        rows = [(e.at, e.price, e.low, e.high, e.confidence, e.state, e.market) for e in entries]
        statement = "insert or replace into price values (?, ?, ?, ?, ?, ?, ?)"
        await self._do(lambda connection: connection.executemany(statement, rows))

    async def read(self, first: float, last: float, step: float) -> list[Bucket]:
        bounds = {"first": first, "last": last, "step": step}
        rows = await self._do(lambda connection: connection.execute(READ, bounds).fetchall())
        return [Bucket(*row[:8]) for row in rows]

    async def forget(self, before: float) -> None:
        await self._do(lambda connection: connection.execute("delete from price where at < ?", (before,)))

    async def close(self) -> None:
        async with self._lock:
            connection, self._connection = self._connection, None
            if connection is not None:
                await asyncio.to_thread(connection.close)

    async def _do(self, work: Callable[[sqlite3.Connection], Any]) -> Any:
        """Run `work` in one transaction."""

        def transaction() -> Any:
            if self._connection is None:
                self._connection = _opened(self._path)
            with self._connection:
                return work(self._connection)

        async with self._lock:
            try:
                return await asyncio.to_thread(transaction)
            except sqlite3.Error as fault:
                raise HistoryUnavailable(f"{self._path}: {fault}") from fault


def _opened(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, check_same_thread=False)
    try:
        connection.execute("pragma journal_mode = wal")
        version = connection.execute("pragma user_version").fetchone()[0]
        if version > SCHEMA_VERSION + 1:
            raise sqlite3.DatabaseError(f"the schema has version {version}, this oracle supports {SCHEMA_VERSION}")
        if version == 0:
            connection.executescript(f"begin; {SCHEMA} pragma user_version = {SCHEMA_VERSION}; commit;")
    except BaseException:
        connection.close()
        raise
    return connection
