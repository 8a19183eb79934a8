"""Connections to PostgreSQL that notice when the server is gone. For psycopg, which tracker, oracle and watch use."""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
from collections.abc import AsyncIterator
from typing import Any

import psycopg
from psycopg import AsyncConnection

from nodeclients.links import CONNECT_S, DATABASE_SERVER, KEEPALIVE, SERVER_KEEPALIVE


def arguments(application: str, statement_s: float, **settings: str) -> dict[str, Any]:
    """Arguments of `psycopg.connect` or `make_conninfo`, besides address and user.

    The server ends a statement after `statement_s`, and a transaction whose client is silent or gone, because its locks
    would stop all others. `settings` are further settings of the session. Names: PostgreSQL 17, chapters 32.1.2 (ours)
    and 19.3, 19.11 (the server's).
    """
    server = {
        "statement_timeout": round(statement_s * 1000),
        "idle_in_transaction_session_timeout": round(DATABASE_SERVER.deadline_s * 1000),
        "client_connection_check_interval": 1000,
        "tcp_keepalives_idle": SERVER_KEEPALIVE.idle_s,
        "tcp_keepalives_interval": SERVER_KEEPALIVE.interval_s,
        "tcp_keepalives_count": SERVER_KEEPALIVE.count,
        "tcp_user_timeout": SERVER_KEEPALIVE.dead_after_s * 1000,
        **settings,
    }
    return {
        "application_name": application,
        "connect_timeout": round(CONNECT_S),
        "keepalives": 1,
        "keepalives_idle": KEEPALIVE.idle_s,
        "keepalives_interval": KEEPALIVE.interval_s,
        "keepalives_count": KEEPALIVE.count,
        "tcp_user_timeout": KEEPALIVE.dead_after_s * 1000,
        "options": " ".join(f"-c {name}={value}" for name, value in server.items()),
    }


@contextlib.asynccontextmanager
async def deadline(connection: AsyncConnection[Any], seconds: float) -> AsyncIterator[None]:
    """Raise TimeoutError if the block, which uses `connection`, takes longer. The connection is dead afterwards.

    A cancelled query is no deadline: psycopg asks the server to end it and waits ten seconds for that
    (`AsyncConnection.wait`). Shutting the socket down ends the wait at once, whatever psycopg is doing.
    """
    late = asyncio.Event()

    def give_up() -> None:
        late.set()
        hang_up(connection)

    timer = asyncio.get_running_loop().call_later(max(0.0, seconds), give_up)
    try:
        yield
    except psycopg.Error as error:
        if late.is_set():
            raise TimeoutError from error
        raise
    finally:
        timer.cancel()


def hang_up(connection: AsyncConnection[Any]) -> None:
    """Shut the socket down: whoever waits for an answer gets psycopg.OperationalError."""
    with contextlib.suppress(psycopg.Error, OSError), socket.socket(fileno=os.dup(connection.fileno())) as shared:
        shared.shutdown(socket.SHUT_RDWR)
