"""Connections to PostgreSQL for probes, and its errors in one line."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass

import psycopg

from manage.health.drivers import DEADLINE_S, Memory, ProbeFault, Target

STATEMENT_TIMEOUT_MS = 2500
"""Below the deadline of a probe, so that the server ends a slow query itself."""


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

    Raises ProbeFault with the server's words for a psycopg.Error.
    """
    try:
        yield await _session(target, memory, port=port, user=user, secret=secret, database=database)
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
            connect_timeout=int(DEADLINE_S),
            application_name="nodeyard watch",
            options=f"-c statement_timeout={STATEMENT_TIMEOUT_MS} -c default_transaction_read_only=on",
        )
    )
    memory.session = opened
    return opened


def server_words(fault: psycopg.Error) -> str:
    """The server's own message in one line, without the question that libpq adds to a refused connection."""
    lines = [line.strip() for line in str(fault).splitlines() if not line.strip().startswith("Is the server running")]
    return lines[-1] if lines else type(fault).__name__
