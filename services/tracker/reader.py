"""Reads unspent outputs from the node and stores them, batch by batch, beside the session that applies notifications.

A batch that fails while the node answers other questions is split, and its parts are read after everything else, until
the address that the node cannot answer is alone. A node that answers nothing ends the session.
"""

from __future__ import annotations

import asyncio
from collections import Counter, deque
from collections.abc import Sequence
from datetime import UTC, datetime
from functools import partial
from typing import Any

import psycopg
from nodeclients.errors import NodeFault

from tracker import node
from tracker.inbox import FirstPass, Read
from tracker.node import Snapshot
from tracker.store import balances
from tracker.store.accounts import CHAIN
from tracker.store.balances import Moment
from tracker.store.database import Database
from tracker.unanswerable import Unanswerable, parts

WRITE_DEADLINE_S = 60.0
UNUSABLE = (psycopg.DataError, psycopg.IntegrityError, psycopg.errors.CardinalityViolation)
"""The database refuses a snapshot: a number out of range, or an outpoint that it names twice."""
ATTEMPTS = 2
"""For an address alone: a node that restarts meanwhile fails one question and answers the next."""


class Reader:
    """`run` it as a task; it puts `Read` and `FirstPass` into the session's inbox."""

    def __init__(self, url: str, database: Database, inbox: asyncio.Queue[Any], unanswerable: Unanswerable) -> None:
        self.waiting: Counter[str] = Counter()
        """How many questions for each address are waiting or under way. Its changes must wait for the last of them."""
        self._url = url
        self._database = database
        self._inbox = inbox
        self._unanswerable = unanswerable
        self._batches: deque[tuple[str, ...]] = deque()
        self._awake = asyncio.Event()

    def add(self, batches: Sequence[tuple[str, ...]]) -> None:
        """Read these after everything that waits already."""
        for batch in batches:
            self.waiting.update(batch)
            self._batches.append(batch)
        self._awake.set()

    def done(self, addresses: Sequence[str]) -> frozenset[str]:
        """Call when a `Read` is handled: those of its addresses for which no other question waits."""
        self.waiting.subtract(addresses)
        free = frozenset(address for address in addresses if self.waiting[address] <= 0)
        for address in free:
            del self.waiting[address]
        return free

    async def run(self) -> None:
        """Never returns. Raises NodeFault or ValueError when the node answers nothing at all, DatabaseUnavailable."""
        first = len(self._batches)
        while True:
            if first == 0:
                self._inbox.put_nowait(FirstPass())
            first -= 1
            while not self._batches:
                self._awake.clear()
                await self._awake.wait()
            batch = self._batches.popleft()
            self._unanswerable.in_flight = batch
            await self._read(batch)
            self._unanswerable.in_flight = ()

    async def _read(self, batch: tuple[str, ...]) -> None:
        fault = ""
        for _ in range(ATTEMPTS if len(batch) == 1 else 1):
            try:
                await self._store(batch, await node.snapshot(self._url, batch))
            except (NodeFault, ValueError) as error:
                fault = str(error)
                await node.require_answers(self._url)
            else:
                self._inbox.put_nowait(Read(batch))
                return
        if len(batch) > 1:
            self._batches.extend(parts(batch))
        else:
            self._inbox.put_nowait(Read(batch, fault))

    async def _store(self, addresses: tuple[str, ...], taken: Snapshot) -> None:
        """Raises ValueError if the database refuses the snapshot."""
        moment = Moment(datetime.now(UTC), taken.daa_score, taken.sink)
        replace_all = partial(balances.replace, chain=CHAIN, addresses=addresses, utxos=taken.utxos, moment=moment)
        try:
            await self._database.run(replace_all, WRITE_DEADLINE_S)
        except UNUSABLE as error:
            raise ValueError(f"kaspad's answer contradicts itself: {str(error).splitlines()[0]}") from error
