"""The ledger in SQL: replace it with a snapshot, apply a change to it, and keep the history of balances.

Both run in the caller's transaction and lock the accounts that they touch; an address removed meanwhile is skipped.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from psycopg import AsyncConnection

from tracker.ledger import Change, Utxo


@dataclass(frozen=True)
class Moment:
    """The time and the position in the chain of something that the node reported."""

    at: datetime
    daa_score: int
    block_hash: bytes | None = None
    """The sink of a snapshot. None for a notification, which does not name its block."""


@dataclass(frozen=True)
class _Held:
    id: int
    balance: int | None


async def replace(
    connection: AsyncConnection, chain: str, addresses: Collection[str], utxos: Iterable[Utxo], moment: Moment
) -> dict[str, int]:
    """Make the ledger of `addresses` match a snapshot; address -> balance (sompi) of those that changed.

    Writes only rows that differ, so a resync after a short interruption mostly reads.
    """
    held = await _lock(connection, chain, addresses)
    await connection.execute("CREATE TEMP TABLE snapshot (LIKE utxo) ON COMMIT DROP")
    async with connection.cursor().copy("COPY snapshot FROM STDIN") as copy:
        for utxo in utxos:
            if utxo.address in held:
                await copy.write_row((*utxo.outpoint, held[utxo.address].id, utxo.amount, *_place(utxo)))
    ids = [account.id for account in held.values()]
    await connection.execute(
        "DELETE FROM utxo WHERE account_id = ANY(%s) AND NOT EXISTS"
        " (SELECT FROM snapshot s WHERE (s.transaction_id, s.output_index) = (utxo.transaction_id, utxo.output_index))",
        (ids,),
    )
    await connection.execute(
        "INSERT INTO utxo SELECT * FROM snapshot ON CONFLICT (transaction_id, output_index) DO UPDATE SET account_id ="
        " excluded.account_id, amount = excluded.amount, block_daa_score = excluded.block_daa_score,"
        " is_coinbase = excluded.is_coinbase WHERE (utxo.*) IS DISTINCT FROM (excluded.*)"
    )
    sums = await connection.execute("SELECT account_id, sum(amount) FROM snapshot GROUP BY account_id")
    balances = {account_id: int(total) async for account_id, total in sums}
    await connection.execute("DROP TABLE snapshot")
    return await _write_balances(
        connection, held, {a: balances.get(account.id, 0) for a, account in held.items()}, moment
    )


async def apply(connection: AsyncConnection, chain: str, change: Change, moment: Moment) -> dict[str, int]:
    """Apply a folded change; address -> new balance (sompi) of those that changed.

    Idempotent: existing outpoints are deleted and inserted again, so only real differences count. Skips accounts that
    have no snapshot yet: their first snapshot will contain this change.
    """
    locked = await _lock(connection, chain, change.addresses)
    held = {address: account for address, account in locked.items() if account.balance is not None}
    change = change.only(held)
    if not held:
        return {}
    delta = dict.fromkeys((account.id for account in held.values()), 0)
    outpoints = [*change.removed, *change.added]
    gone = await connection.execute(
        "DELETE FROM utxo WHERE (transaction_id, output_index) IN (SELECT * FROM unnest(%s::bytea[], %s::bigint[]))"
        " RETURNING account_id, amount",
        ([outpoint.transaction_id for outpoint in outpoints], [outpoint.output_index for outpoint in outpoints]),
    )
    async for account_id, amount in gone:
        delta[account_id] -= amount
    rows = [(*u.outpoint, held[u.address].id, u.amount, *_place(u)) for u in change.added.values()]
    async with connection.cursor() as cursor:
        await cursor.executemany("INSERT INTO utxo VALUES (%s, %s, %s, %s, %s, %s)", rows)
    for utxo in change.added.values():
        delta[held[utxo.address].id] += utxo.amount
    balances = {address: (account.balance or 0) + delta[account.id] for address, account in held.items()}
    return await _write_balances(connection, held, balances, moment)


async def confirm(connection: AsyncConnection, chain: str, moment: Moment) -> None:
    """Record that every balance of the chain was current at `moment`."""
    await connection.execute(
        "INSERT INTO chain_state (chain, daa_score, confirmed_at) VALUES (%s, %s, %s) ON CONFLICT (chain) DO UPDATE"
        " SET daa_score = excluded.daa_score, confirmed_at = excluded.confirmed_at",
        (chain, moment.daa_score, moment.at),
    )


async def last_confirmed(connection: AsyncConnection, chain: str) -> Moment | None:
    """What `confirm` recorded last."""
    row = await connection.execute("SELECT confirmed_at, daa_score FROM chain_state WHERE chain = %s", (chain,))
    found = await row.fetchone()
    return Moment(*found) if found else None


async def _lock(connection: AsyncConnection, chain: str, addresses: Collection[str]) -> dict[str, _Held]:
    rows = await connection.execute(
        "SELECT address, id, balance FROM account WHERE chain = %s AND address = ANY(%s) ORDER BY id FOR UPDATE",
        (chain, list(addresses)),
    )
    return {
        address: _Held(account_id, None if balance is None else int(balance))
        async for address, account_id, balance in rows
    }


async def _write_balances(
    connection: AsyncConnection, held: Mapping[str, _Held], balances: Mapping[str, int], moment: Moment
) -> dict[str, int]:
    """Write the new balances, and a point of history for each that changed."""
    async with connection.cursor() as cursor:
        await cursor.executemany(
            "UPDATE account SET balance = %s, daa_score = %s, as_of = %s WHERE id = %s",
            [(balance, moment.daa_score, moment.at, held[address].id) for address, balance in balances.items()],
        )
        changed = {address: balance for address, balance in balances.items() if balance != held[address].balance}
        await cursor.executemany(
            "INSERT INTO balance_point (ts, account_id, amount, daa_score, block_hash) VALUES (%s, %s, %s, %s, %s)",
            [(moment.at, held[a].id, amount, moment.daa_score, moment.block_hash) for a, amount in changed.items()],
        )
    return changed


def _place(utxo: Utxo) -> tuple[int, bool]:
    return utxo.block_daa_score, utxo.is_coinbase
