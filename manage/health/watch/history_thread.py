"""The history on a thread of its own, so that a slow disk does not delay verdicts."""

from __future__ import annotations

import asyncio
import logging
import sqlite3
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

from manage.health.history import POINT_S, History, LastVerdict
from manage.health.model import Fact, Snapshot

log = logging.getLogger(__name__)

T = TypeVar("T")
EXTEND_S = 10.0
"""How often the current spans are extended on disk: what a crash may lose."""
PRUNE_S = 3600.0


class HistoryThread:
    """The only writer and reader of the history. A failure is reported in `fault` and does not end watch."""

    def __init__(self, path: Path) -> None:
        self.fault = ""
        self._path = path
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="history")
        self._history: History | None = None
        self._opened_at = float("-inf")
        self._verdicts: dict[str, str] = {}
        self._extended_at = self._pruned_at = 0.0
        self._minute = -1

    async def open(self) -> dict[str, LastVerdict]:
        """Open the database; the newest verdicts in it, {} when it cannot be opened. `record` then tries again."""
        return await self._try_to_open()

    async def _try_to_open(self) -> dict[str, LastVerdict]:
        self._opened_at = time.monotonic()
        try:
            self._history = await self._run(lambda: History(self._path))
            last: dict[str, LastVerdict] = await self.query(lambda history: history.last(), {})
        except (OSError, sqlite3.Error) as fault:
            if str(fault) != self.fault:
                log.error("history cannot be opened: %s", fault)
            self.fault = str(fault)
            return {}
        self.fault = ""
        return last

    async def record(self, snapshot: Snapshot) -> None:
        """Store what is new in the snapshot: changed verdicts at once, the rest at its interval."""
        now = snapshot.as_of
        if self._history is None and time.monotonic() - self._opened_at >= EXTEND_S:
            await self._try_to_open()
            self._verdicts, self._minute = {}, -1
        verdicts = {status.name: status.verdict for status in snapshot.services}
        if verdicts != self._verdicts or abs(now - self._extended_at) >= EXTEND_S:
            self._verdicts, self._extended_at = dict(verdicts), now
            await self._write(lambda history: history.record(snapshot.services, now))
        if int(now // POINT_S) != self._minute:
            self._minute = int(now // POINT_S)
            values = points(snapshot)
            await self._write(lambda history: history.record_points(values, now))
        if abs(now - self._pruned_at) >= PRUNE_S:
            self._pruned_at = now
            await self._write(lambda history: history.prune(now))

    async def query(self, question: Callable[[History], T], otherwise: T) -> T:
        """What `question` reads from the history, `otherwise` when the history is not open."""
        history = self._history
        return otherwise if history is None else await self._run(lambda: question(history))

    async def close(self) -> None:
        history, self._history = self._history, None
        if history is not None:
            await self._run(history.close)
        self._thread.shutdown()

    async def _write(self, change: Callable[[History], None]) -> None:
        try:
            await self.query(change, None)
        except sqlite3.Error as fault:
            if str(fault) != self.fault:
                log.error("history cannot be written: %s", fault)
            self.fault = str(fault)
        else:
            self.fault = "" if self._history is not None else self.fault

    async def _run(self, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._thread, work)


def points(snapshot: Snapshot) -> dict[tuple[str, str], float]:
    """The numbers of a snapshot that are stored as series, by (service, fact); the host's as service "host"."""
    values = {
        (status.name, fact.name): float(fact.value)
        for status in snapshot.services
        for fact in status.facts
        if is_series(fact)
    }
    values.update({("host", name): float(value) for name, value in snapshot.host.items() if _is_number(value)})
    return values


def is_series(fact: Fact) -> bool:
    """Whether a fact is stored as a series: numbers are, booleans, names and lists are not."""
    return _is_number(fact.value)


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
