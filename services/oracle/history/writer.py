"""Writes the history. While the store is unavailable, answers wait in a bounded queue."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from typing import NoReturn

from oracle.history.entries import KEEP_S, HistoryUnavailable, Store, entry
from oracle.live.answer import Answer

log = logging.getLogger(__name__)

EVERY_S = 10.0
WAITING = 2160
"""Limit on queued entries, six hours; beyond it, the oldest are dropped."""
FORGET_EVERY_S = 86400.0


class Writer:
    """Pass every answer to `note`; `run` writes one per `EVERY_S`, and each one that changes the state."""

    def __init__(self, store: Store) -> None:
        self.fault = "the store has not been opened yet"
        """Why the history is not being written; "" if it is."""
        self._store = store
        self._waiting: deque[Answer] = deque(maxlen=WAITING)
        self._last: Answer | None = None

    def note(self, answer: Answer) -> None:
        last = self._last
        if last is None or answer.at - last.at >= EVERY_S or answer.at < last.at or answer.state != last.state:
            self._last = answer
            self._waiting.append(answer)

    async def run(self) -> NoReturn:
        opened, forgot_at = False, 0.0
        while True:
            try:
                if not opened:
                    await self._store.open()
                    opened = True
                await self._write()
                if self._last and self._last.at - forgot_at > FORGET_EVERY_S:
                    forgot_at = self._last.at
                    await self._store.forget(forgot_at - KEEP_S)
                self._set_fault("")
            except HistoryUnavailable as fault:
                self._set_fault(str(fault))
            await asyncio.sleep(EVERY_S / 5)

    async def _write(self) -> None:
        waiting = dict.fromkeys(self._waiting)
        if waiting:
            await self._store.write([entry(answer) for answer in waiting])
            while self._waiting and self._waiting[0] in waiting:
                self._waiting.popleft()

    def _set_fault(self, fault: str) -> None:
        if fault and fault != self.fault:
            log.warning("the history is not being written: %s", fault)
        elif self.fault and not fault:
            log.info("the history is being written")
        self.fault = fault
