"""Numbered schema migrations, and the edition of the server."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from importlib import resources

import psycopg
from psycopg import AsyncConnection, sql

log = logging.getLogger(__name__)

_LOCK = 0x747261636B6572  # "tracker" in ASCII: keeps two trackers from migrating at the same time


class SchemaTooNew(Exception):
    """A newer tracker wrote the database, and this one cannot use it."""


@dataclass(frozen=True)
class Edition:
    """The properties of the server that matter to the tracker."""

    server: str
    """PostgreSQL version, "17.6"."""
    timescaledb: str
    """Version of the extension; "" without it."""
    licence: str
    """`timescaledb.license`: "apache", "timescale", or ""."""
    hypertable: bool
    schema_version: int

    @property
    def compression(self) -> bool:
        """Whether the server supports compression and continuous aggregates (community edition only)."""
        return self.licence == "timescale"

    @property
    def sentence(self) -> str:
        if not self.timescaledb:
            return f"PostgreSQL {self.server} without TimescaleDB: history is stored in a plain table"
        held = "history is stored in a hypertable" if self.hypertable else "history is stored in a plain table"
        name = f"PostgreSQL {self.server} with TimescaleDB {self.timescaledb}"
        if not self.compression:
            return f"{name}, Apache edition: {held}, no compression and no continuous aggregates"
        return f"{name}, community edition: {held}"


async def migrate(connection: AsyncConnection) -> Edition:
    """Migrate the schema in the caller's transaction and return the server's edition.

    Accepts a schema that is one version newer, so that a rolled-back tracker still works. Raises SchemaTooNew beyond
    that.
    """
    await connection.execute("SELECT pg_advisory_xact_lock(%s)", (_LOCK,))
    await connection.execute("CREATE TABLE IF NOT EXISTS schema_version (version integer NOT NULL)")
    found = await (await connection.execute("SELECT max(version) FROM schema_version")).fetchone()
    version = (found[0] if found else None) or 0
    steps = _steps()
    newest = max(steps)
    if version > newest + 1:
        raise SchemaTooNew(f"the schema has version {version}, this tracker supports {newest}; use the newer tracker")
    if version == 0:
        await _ensure_timescaledb(connection)
    for number in range(version + 1, newest + 1):
        await connection.execute(sql.SQL(steps[number]))
        await connection.execute("INSERT INTO schema_version VALUES (%s)", (number,))
        log.info("database: migrated to schema version %d", number)
    return await _edition(connection, max(version, newest))


def _steps() -> dict[int, str]:
    """Number -> SQL text of `migrations/NNN_name.sql`."""
    folder = resources.files("tracker.store") / "migrations"
    files = [file for file in folder.iterdir() if file.name.endswith(".sql")]
    return {int(file.name.split("_")[0]): file.read_text(encoding="utf-8") for file in files}


async def _ensure_timescaledb(connection: AsyncConnection) -> None:
    """Create the extension if the server offers it. Without the privilege to do so, the tables stay plain."""
    available = await connection.execute("SELECT FROM pg_available_extensions WHERE name = 'timescaledb'")
    if available.rowcount == 0:
        return
    try:
        async with connection.transaction():
            await connection.execute("CREATE EXTENSION IF NOT EXISTS timescaledb")
    except psycopg.Error as error:
        log.warning("database: TimescaleDB is installed but cannot be used: %s", str(error).strip())


async def _edition(connection: AsyncConnection, schema_version: int) -> Edition:
    row = await (
        await connection.execute(
            "SELECT current_setting('server_version'), current_setting('timescaledb.license', true),"
            " (SELECT extversion FROM pg_extension WHERE extname = 'timescaledb')"
        )
    ).fetchone()
    server, licence, extension = row if row else ("", None, None)
    hypertable = False
    if extension:
        found = await connection.execute(
            "SELECT FROM timescaledb_information.hypertables WHERE hypertable_name = 'balance_point'"
            " AND hypertable_schema = current_schema()"
        )
        hypertable = found.rowcount > 0
    return Edition(
        server.split(" ")[0], extension or "", licence or "" if extension else "", hypertable, schema_version
    )
