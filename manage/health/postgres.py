"""Connections to PostgreSQL for probes, and its errors in one line."""

from __future__ import annotations

import contextlib
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass

import psycopg
from nodeclients import database as links

from manage.health.drivers import DEADLINE_S, Memory, ProbeFault, Target

STATEMENT_TIMEOUT_MS = 2500
"""Below the deadline of a probe, so that the server ends a slow query itself."""
MARGIN_S = 0.2
"""How long before the deadline of the probe a session is given up: a cancelled query would wait for the server."""


@dataclass
class PostgresSession:
    connection: psycopg.AsyncConnection[tuple[object, ...]]

    async def close(self) -> None:
        await self.connection.close()


@contextlib.asynccontextmanager
async def session(
    target: Target, memory: Memory, *, port: str, user: str, secret: str, database: str
) -> AsyncIterator[PostgresSession]:
    """The open session in `memory`, or a new one, for a block. An error in the block closes it.

    Raises ProbeFault with the server's words for a psycopg.Error, and if the block takes longer than a probe may.
    """
    ends = time.monotonic() + DEADLINE_S - MARGIN_S
    try:
        session = await _session(target, memory, port=port, user=user, secret=secret, database=database)
        async with links.deadline(session.connection, ends - time.monotonic()):
            yield session
    except TimeoutError as fault:
        await memory.release()
        raise ProbeFault(f"no answer within {DEADLINE_S:g} s") from fault
    except psycopg.Error as fault:
        await memory.release()
        raise ProbeFault(server_words(fault)) from fault
    except BaseException:
        await memory.release()
        raise


async def _session(
    target: Target, memory: Memory, *, port: str, user: str, secret: str, database: str
) -> PostgresSession:
    if isinstance(memory.session, PostgresSession):
        return memory.session
    endpoint = target.endpoint(port)
    opened = PostgresSession(
        await psycopg.AsyncConnection.connect(
            host=endpoint.host,
            port=endpoint.port,
            user=user,
            password=target.secret(secret),
            dbname=database,
            autocommit=True,
            **links.arguments("nodeyard watch", STATEMENT_TIMEOUT_MS / 1000, default_transaction_read_only="on"),
        )
    )
    memory.session = opened
    return opened


def server_words(fault: psycopg.Error) -> str:
    """The server's own message in one line, without the question that libpq adds to a refused connection."""
    lines = [line.strip() for line in str(fault).splitlines() if not line.strip().startswith("Is the server running")]
    return lines[-1] if lines else type(fault).__name__
