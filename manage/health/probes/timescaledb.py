"""timescaledb: connections, the oldest transaction, and whether every consumer's database and role is there."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass

import psycopg

from manage import words
from manage.health.drivers import DEADLINE_S, Memory, ProbeFault, Target, in_startup
from manage.health.facts import value
from manage.health.model import EngineState, Fact, Judgement

SIZE_PERIOD_S = 60.0
"""How often sizes are asked: `pg_database_size` looks at every file."""
MAX_CONNECTIONS_USED = 0.9
MAX_TRANSACTION_AGE_S = 600.0
"""Thresholds `max_connections_used` (share) and `max_transaction_age_s`: an old one keeps vacuum from its work."""

# pg_stat_activity of other roles needs pg_monitor (PostgreSQL 17, chapter 27.2)
STATE = """
select current_setting('server_version'),
       current_setting('max_connections')::int,
       (select count(*) from pg_stat_activity where backend_type = 'client backend'),
       (select coalesce(extract(epoch from max(clock_timestamp() - xact_start)), 0)::float8
          from pg_stat_activity where backend_type = 'client backend' and pid <> pg_backend_pid()),
       (select array_agg(datname::text) from pg_database where not datistemplate),
       (select array_agg(rolname::text) from pg_roles where rolcanlogin),
       (select extversion from pg_extension where extname = 'timescaledb'),
       current_setting('timescaledb.license', true)
"""
SIZE = "select sum(pg_database_size(datname))::bigint from pg_database where has_database_privilege(datname, 'connect')"


@dataclass
class Session:
    connection: psycopg.AsyncConnection[tuple[object, ...]]

    async def close(self) -> None:
        await self.connection.close()


async def probe(target: Target, memory: Memory) -> tuple[Fact, ...]:
    """One row over a kept connection, which is given up at the first failure."""
    try:
        session = memory.session if isinstance(memory.session, Session) else await _connect(target, memory)
        row = await (await session.connection.execute(STATE)).fetchone()
        size = await _size(session, memory.facts)
    except psycopg.Error as fault:
        await memory.release()
        raise ProbeFault(_sentence(fault)) from fault
    except BaseException:
        await memory.release()
        raise
    if row is None:
        raise ProbeFault("it answers without a row")
    version, most, used, transaction_s, databases, roles, extension, edition = row
    at = time.time()
    missing = [name for name in target.databases if name not in _names(databases)]
    missing += [role for role in owners(target) if role not in _names(roles)]
    return (
        Fact("connections", used, at),
        Fact("max_connections", most, at),
        Fact("oldest_transaction", transaction_s, at, "s"),
        Fact("missing", missing, at),
        size,
        Fact("version", version, at),
        Fact("timescaledb", extension or "", at),
        Fact("edition", edition or "", at),
    )


def judge(target: Target, facts: tuple[Fact, ...], engine: EngineState, now: float) -> Judgement:
    missing = value(facts, "missing")
    checks = {"sql": True, "ready": not missing}
    if missing:
        reason = f"not there yet: {words.listing(missing)}"
        return Judgement(
            "starting" if in_startup(target, engine, now) else "degraded",
            reason,
            checks,
            headline="lacks a database or role",
        )
    used, most = int(value(facts, "connections")), int(value(facts, "max_connections"))
    transaction_s = float(value(facts, "oldest_transaction"))
    reason = f"{used} of {words.plural(most, 'connection')}, oldest transaction {words.duration(transaction_s)}"
    if used > most * target.thresholds.get("max_connections_used", MAX_CONNECTIONS_USED):
        return Judgement("degraded", reason, checks, headline="'s connections are nearly used up")
    if transaction_s > target.thresholds.get("max_transaction_age_s", MAX_TRANSACTION_AGE_S):
        return Judgement("degraded", reason, checks, headline="holds an old transaction")
    return Judgement("healthy", reason, checks)


def owners(target: Target) -> list[str]:
    """The roles that own the stack's databases: `tracker` of `tracker_sandbox`."""
    return [name.removesuffix(f"_{target.network}") for name in target.databases]


async def _connect(target: Target, memory: Memory) -> Session:
    endpoint = target.endpoint("sql")
    connection = await psycopg.AsyncConnection.connect(
        host=endpoint.host,
        port=endpoint.port,
        user="watch",
        password=target.secret("watch_db_password"),
        dbname=f"watch_{target.network}",
        autocommit=True,
        connect_timeout=int(DEADLINE_S),
        application_name="nodeyard watch",
        options="-c statement_timeout=2500",
    )
    memory.session = Session(connection)
    return memory.session


async def _size(session: Session, earlier: Sequence[Fact]) -> Fact:
    """The size of all databases, as old as it may be."""
    now = time.time()
    for fact in earlier:
        if fact.name == "size" and now - fact.at < SIZE_PERIOD_S:
            return fact
    row = await (await session.connection.execute(SIZE)).fetchone()
    return Fact("size", row[0] if row else None, now, "bytes")


def _names(array: object) -> list[str]:
    return [str(name) for name in array] if isinstance(array, list) else []


def _sentence(fault: psycopg.Error) -> str:
    """The server's own words on one line, without the question that libpq adds to a refused connection."""
    lines = [line.strip() for line in str(fault).splitlines() if not line.strip().startswith("Is the server running")]
    return lines[-1] if lines else type(fault).__name__
