"""sql: queries of a PostgreSQL database meet the rules.

Each query is wrapped so that the server returns at most two rows of at most `MAX_ROW` characters, as JSON. This also
refuses everything that is not a query, a prepared statement is a single one, and the session is read-only.
"""

from __future__ import annotations

import time

import psycopg

from manage import untrusted
from manage.health import postgres
from manage.health.drivers import Memory, Target
from manage.health.facts import value
from manage.health.model import EngineState, Fact, Judgement
from manage.health.postgres import PostgresSession
from manage.health.rules import Measurement, facts_of, judge_by_rules, rules_of

MAX_ROW = 1000
_WRAPPED = "select left(row_to_json(measured)::text, {limit}) from (\n{query}\n) as measured limit 2"


async def probe(target: Target, memory: Memory) -> tuple[Fact, ...]:
    """Every rule's query over one session, which is closed at the first failure of the connection."""
    began, options = time.monotonic(), target.options
    facts: list[Fact] = []
    database = options["database"] or target.database or f"watch_{target.network}"
    async with postgres.session(
        target, memory, port=options["port"], user=options["user"], secret=options["secret"], database=database
    ) as session:
        await session.connection.execute("select 1")
        took_ms = (time.monotonic() - began) * 1000
        for rule in rules_of(target):
            facts += facts_of(rule, await measure(session, rule.measured["query"]), time.time())
    return (Fact("answer_ms", round(took_ms, 1), time.time(), "ms"), *facts)


async def measure(session: PostgresSession, query: str) -> Measurement:
    """The one value that a query returns. Raises psycopg.OperationalError when the connection breaks."""
    wrapped = _WRAPPED.format(limit=MAX_ROW + 1, query=query.strip().rstrip(";"))
    try:
        rows = await (await session.connection.execute(wrapped.encode(), prepare=True)).fetchall()
    except psycopg.errors.QueryCanceled:
        return Measurement(None, f"the query takes longer than {postgres.STATEMENT_TIMEOUT_MS} ms")
    except psycopg.OperationalError:
        raise
    except psycopg.Error as fault:
        return Measurement(None, str(fault).splitlines()[0])
    if len(rows) != 1:
        return Measurement(None, "the query returns no row" if not rows else "the query returns several rows")
    text = str(rows[0][0])
    row = untrusted.parse_json(text) if len(text) <= MAX_ROW else {}
    if len(row) != 1:
        return Measurement(None, "the query returns several columns" if row else "the query returns too long a value")
    found = next(iter(row.values()))
    if isinstance(found, dict | list):
        return Measurement(None, "the query returns a value that is neither a number, a text, true nor false")
    return Measurement(found)


def judge(target: Target, facts: tuple[Fact, ...], engine: EngineState, now: float) -> Judgement:
    return judge_by_rules(
        target, facts, engine, now, own="sql", answers=f"answers queries in {value(facts, 'answer_ms'):g} ms"
    )
