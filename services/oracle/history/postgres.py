"""History in PostgreSQL, in a hypertable if TimescaleDB is available (the Apache edition is enough)."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any

import psycopg
from nodeclients import database
from nodeclients.links import CONNECT_S, ORACLE_DATABASE
from psycopg import AsyncConnection
from psycopg.conninfo import make_conninfo

from oracle.history.entries import SCHEMA_VERSION, Bucket, Entry, HistoryUnavailable

log = logging.getLogger(__name__)

DEADLINE_S = ORACLE_DATABASE.deadline_s
CHUNK = "7 days"
_LOCK = 0x6F7261636C65  # "oracle" in ASCII: keeps two oracles from migrating at the same time

SCHEMA = """
CREATE TABLE price (
    ts         timestamptz NOT NULL PRIMARY KEY,
    price      double precision,
    low        double precision,
    high       double precision,
    confidence double precision NOT NULL,
    state      text NOT NULL,
    market     text NOT NULL
)
"""
HYPERTABLE = f"SELECT create_hypertable('price', 'ts', chunk_time_interval => interval '{CHUNK}')"
WRITE = """
INSERT INTO price VALUES (to_timestamp(%s), %s, %s, %s, %s, %s, %s) ON CONFLICT (ts) DO NOTHING
"""
FORGET = "DELETE FROM price WHERE ts < to_timestamp(%s)"
READ = """
SELECT floor(extract(epoch FROM ts)::float8 / %(step)s) * %(step)s, avg(price), min(low), max(high), avg(confidence),
       (array_agg(state ORDER BY ts DESC))[1], (array_agg(market ORDER BY ts DESC))[1], count(*)
FROM price WHERE ts >= to_timestamp(%(first)s) AND ts < to_timestamp(%(last)s) GROUP BY 1 ORDER BY 1
"""


class PostgresStore:
    """One connection, closed after a failure and opened again at the next use."""

    def __init__(self, url: str, password_file: Path) -> None:
        self._url = url
        self._password_file = password_file
        self._connection: AsyncConnection | None = None
        self._lock = asyncio.Lock()

    async def open(self) -> None:
        await self._do(_migrate)

    async def write(self, entries: Sequence[Entry]) -> None:
        rows = [(e.at, e.price, e.low, e.high, e.confidence, e.state, e.market) for e in entries]

        async def insert(connection: AsyncConnection) -> None:
            async with connection.cursor() as cursor:
                await cursor.executemany(WRITE, rows)

        await self._do(insert)

    async def read(self, first: float, last: float, step: float) -> list[Bucket]:
        async def select(connection: AsyncConnection) -> list[Any]:
            rows = await connection.execute(READ, {"first": first, "last": last, "step": step})
            return await rows.fetchall()

        return [Bucket(*row) for row in await self._do(select)]

    async def forget(self, before: float) -> None:
        await self._do(lambda connection: connection.execute(FORGET, (before,)))

    async def close(self) -> None:
        async with self._lock:
            await self._drop()

    async def _do(self, work: Callable[[AsyncConnection], Awaitable[Any]]) -> Any:
        """Run `work` in one transaction. The deadline also covers a paused server that still accepts TCP."""
        async with self._lock:
            try:
                connection = self._connection or await self._connect()
                async with database.deadline(connection, DEADLINE_S), connection.transaction():
                    return await work(connection)
            except (TimeoutError, psycopg.Error, OSError) as fault:
                await self._drop()
                raise HistoryUnavailable(_sentence(fault)) from fault

    async def _connect(self) -> AsyncConnection:
        password = self._password_file.read_text(encoding="utf-8").strip()
        conninfo = make_conninfo(self._url, password=password, **database.arguments("nodeyard-oracle", DEADLINE_S))
        async with asyncio.timeout(CONNECT_S):  # includes the look-up of the name
            self._connection = await AsyncConnection.connect(conninfo, autocommit=True)
        return self._connection

    async def _drop(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            await connection.close()


async def _migrate(connection: AsyncConnection) -> None:
    """Create or migrate the schema. Accepts one that is a version newer, so that a rolled-back oracle still works."""
    await connection.execute("SELECT pg_advisory_xact_lock(%s)", (_LOCK,))
    await connection.execute("CREATE TABLE IF NOT EXISTS schema_version (version integer NOT NULL)")
    row = await (await connection.execute("SELECT max(version) FROM schema_version")).fetchone()
    version = (row[0] if row else None) or 0
    if version > SCHEMA_VERSION + 1:
        raise HistoryUnavailable(f"the schema has version {version}, this oracle supports {SCHEMA_VERSION}")
    if version:
        return
    await connection.execute(SCHEMA)
    await connection.execute("INSERT INTO schema_version VALUES (%s)", (SCHEMA_VERSION,))
    extension = await connection.execute("SELECT FROM pg_extension WHERE extname = 'timescaledb'")
    if extension.rowcount:
        await connection.execute(HYPERTABLE)
    kind = "hypertable" if extension.rowcount else "plain table, because TimescaleDB is not installed"
    log.info("history is stored in a %s", kind)


def _sentence(fault: BaseException) -> str:
    if isinstance(fault, TimeoutError):
        return f"the database did not answer within {DEADLINE_S:g} s"
    return (str(fault).strip().splitlines() or [type(fault).__name__])[0]
