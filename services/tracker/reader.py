"""Reads unspent outputs from the node, batch by batch, beside the session that applies notifications.

A batch that fails while the node answers other questions is split, and its parts are read after everything else, until
the address that the node cannot answer is alone. A node that answers nothing ends the session.
"""

from __future__ import annotations

import asyncio
from collections import Counter, deque
from collections.abc import Sequence
from typing import Any

from nodeclients.errors import NodeFault

from tracker import node
from tracker.inbox import FirstPass, Read
from tracker.unanswerable import Unanswerable, parts

ATTEMPTS = 2
"""For an address alone: a node that restarts meanwhile fails one question and answers the next."""


class Reader:
    """`run` it as a task; it puts `Read` and `FirstPass` into the session's inbox."""

    def __init__(self, url: str, inbox: asyncio.Queue[Any], unanswerable: Unanswerable) -> None:
        self.waiting: Counter[str] = Counter()
        """How many questions for each address are waiting or under way. Its changes must wait for the last of them."""
        self._url = url
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
        """Call when a `Read` is stored: those of its addresses for which no other question waits."""
        self.waiting.subtract(addresses)
        free = frozenset(address for address in addresses if self.waiting[address] <= 0)
        for address in free:
            del self.waiting[address]
        return free

    async def run(self) -> None:
        """Never returns. Raises NodeFault or ValueError when the node answers nothing at all."""
        first = len(self._batches)
        while True:
            if first == 0:
                self._inbox.put_nowait(FirstPass())
            first -= 1
            while not self._batches:
                self._awake.clear()
                await self._awake.wait()
            await self._read(self._batches.popleft())

    async def _read(self, batch: tuple[str, ...]) -> None:
        self._unanswerable.in_flight = batch
        found = Read(batch)
        for _ in range(ATTEMPTS if len(batch) == 1 else 1):
            try:
                found = Read(batch, await node.snapshot(self._url, batch))
                break
            except (NodeFault, ValueError) as error:
                found = Read(batch, fault=str(error))
                await node.require_answers(self._url)
        if found.snapshot is None and len(batch) > 1:
            self.split(batch)
        else:
            self._inbox.put_nowait(found)
            await found.handled.wait()
        self._unanswerable.in_flight = ()

    def split(self, batch: tuple[str, ...]) -> None:
        """Read the parts of a batch that failed. Each of its addresses goes on waiting."""
        self._batches.extend(parts(batch))
        self._awake.set()
