"""timescaledb: connections, the oldest transaction, and whether every service's database and role exist."""

from __future__ import annotations

import time
from collections.abc import Sequence

from manage import words
from manage.health import postgres
from manage.health.drivers import Memory, ProbeFault, Target, in_startup
from manage.health.facts import value
from manage.health.model import EngineState, Fact, Judgement
from manage.health.postgres import PostgresSession

SIZE_PERIOD_S = 60.0
"""How often sizes are measured: `pg_database_size` looks at every file."""

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
       current_setting('timescaledb.license', true),
       (select array_agg(datname || ' ' || substr(shobj_description(oid, 'pg_database'), 13)) from pg_database
         where not datallowconn and shobj_description(oid, 'pg_database') like 'TimescaleDB %'),
       (select array_agg(datname::text) from pg_database where not datallowconn and not datistemplate)
"""
SIZE = "select sum(pg_database_size(datname))::bigint from pg_database where has_database_privilege(datname, 'connect')"


async def probe(target: Target, memory: Memory) -> tuple[Fact, ...]:
    """One row over an open connection, which is closed at the first failure."""
    async with postgres.session(
        target,
        memory,
        port="sql",
        user="watch",
        secret="watch_db_password",  # noqa: S106  # nosec B106 - the name of a secret
        database=f"watch_{target.network}",
    ) as session:
        row = await (await session.connection.execute(STATE)).fetchone()
        size = await _size(session, memory.facts)
    if row is None:
        raise ProbeFault("its answer has no row")
    version, most, used, transaction_s, databases, roles, extension, edition, updates, refused = row
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
        Fact("updates", _names(updates), at),
        Fact("refused", _names(refused), at),
    )


def judge(target: Target, facts: tuple[Fact, ...], engine: EngineState, now: float) -> Judgement:
    missing = value(facts, "missing")
    checks = {"sql": True, "ready": not missing}
    if missing:
        reason = f"missing: {words.listing(missing)}"
        return Judgement(
            "starting" if in_startup(target, engine, now) else "degraded",
            reason,
            checks,
            headline="lacks a database or role",
        )
    if refused := value(facts, "refused", []):
        return Judgement(
            "degraded",
            f"{words.listing(refused)} {'is' if len(refused) == 1 else 'are'} not served{_versions(facts)}",
            checks,
            headline="does not serve a database",
            final=True,
        )
    used, most = int(value(facts, "connections")), int(value(facts, "max_connections"))
    transaction_s = float(value(facts, "oldest_transaction"))
    reason = f"{used} of {words.plural(most, 'connection')}, oldest transaction {words.duration(transaction_s)}"
    if used > most * target.thresholds["max_connections_used"]:
        return Judgement("degraded", reason, checks, headline="has few free connections")
    if transaction_s > target.thresholds["max_transaction_age_s"]:
        return Judgement("degraded", reason, checks, headline="has an old open transaction")
    return Judgement("healthy", reason, checks)


def _versions(facts: tuple[Fact, ...]) -> str:
    """Why databases are not served, if it is the version of their extension (extension.sh)."""
    # The owner of a database can write its comment, too: only what has the form of extension.sh counts.
    updates = [parts for text in value(facts, "updates", []) if len(parts := text.split()) == 4]
    if not updates:
        return ": see its log"
    _name, found, offered, way = updates[0]
    advice = "update it with: manage up" if way == "update" else "use an image with that version"
    return f": TimescaleDB {found} is there and {offered} in the image; {advice}"


def owners(target: Target) -> list[str]:
    """The roles that own the stack's databases: `tracker` of `tracker_sandbox`."""
    return [name.removesuffix(f"_{target.network}") for name in target.databases]


async def _size(session: PostgresSession, earlier: Sequence[Fact]) -> Fact:
    """The size of all databases; the earlier fact while it is younger than `SIZE_PERIOD_S`."""
    now = time.time()
    for fact in earlier:
        if fact.name == "size" and now - fact.at < SIZE_PERIOD_S:
            return fact
    row = await (await session.connection.execute(SIZE)).fetchone()
    return Fact("size", row[0] if row else None, now, "bytes")


def _names(array: object) -> list[str]:
    return [str(name) for name in array] if isinstance(array, list) else []
