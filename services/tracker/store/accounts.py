"""Followed addresses: add, list, remove."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from psycopg import AsyncConnection

CHAIN = "kaspa"


@dataclass(frozen=True)
class Account:
    """A followed address and the last balance that the node reported."""

    chain: str
    address: str
    label: str
    added_at: datetime
    balance: int | None
    """Base units (sompi); None until the first snapshot."""
    daa_score: int | None
    as_of: datetime | None


_COLUMNS = "chain, address, label, added_at, balance, daa_score, as_of"


async def add(connection: AsyncConnection, chain: str, address: str, label: str | None) -> tuple[Account, bool]:
    """Follow an address: (account, whether it is new). A label given for a followed address replaces the old one."""
    added = await connection.execute(
        "INSERT INTO account (chain, address, label) VALUES (%s, %s, %s) ON CONFLICT (chain, address) DO NOTHING",
        (chain, address, label or ""),
    )
    if added.rowcount == 0 and label is not None:
        await connection.execute(
            "UPDATE account SET label = %s WHERE chain = %s AND address = %s", (label, chain, address)
        )
    account = await get(connection, address)
    if account is None:
        raise RuntimeError(f"{address} disappeared while it was being added")
    return account, added.rowcount == 1


async def get(connection: AsyncConnection, address: str) -> Account | None:
    row = await connection.execute(f"SELECT {_COLUMNS} FROM account WHERE address = %s", (address,))  # noqa: S608  # nosec B608 - a constant
    found = await row.fetchone()
    return _account(found) if found else None


async def listing(connection: AsyncConnection) -> list[Account]:
    """All accounts, in the order in which they were added."""
    rows = await connection.execute(f"SELECT {_COLUMNS} FROM account ORDER BY id")  # noqa: S608  # nosec B608 - a constant
    return [_account(row) async for row in rows]


async def remove(connection: AsyncConnection, address: str) -> bool:
    """Delete an address with its outputs and its history; False if it was not followed."""
    return (await connection.execute("DELETE FROM account WHERE address = %s", (address,))).rowcount > 0


def _account(row: tuple[Any, ...]) -> Account:
    chain, address, label, added_at, balance, daa_score, as_of = row
    return Account(chain, address, label, added_at, None if balance is None else int(balance), daa_score, as_of)
