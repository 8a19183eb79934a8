"""Messages for many clients: each is serialized once, and a slow client gets one message for all that it missed.

A client asks with the number of its last message. Clients that are up to date get the same next message; a slow one
gets the latest answer and the points in between; a new one, or one that missed too much, gets everything.
"""

from __future__ import annotations

import json
import secrets
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from oracle.histogram import SPAN
from oracle.live.answer import Answer
from oracle.live.core import Update
from oracle.live.node import FlowPrice
from oracle.web import messages
from oracle.web.messages import Point

KEPT = 240
"""Ticks that a client may miss before it gets a new snapshot: two minutes."""
POINTS = 10_000
LINE_EVERY_S = 10.0


@dataclass(frozen=True)
class Tick:
    number: int
    answer: Answer
    stats: Mapping[str, Any]
    points: list[Point]
    flow: FlowPrice | None


class Stream:
    """One writer (`publish`), any number of readers (`message`)."""

    def __init__(self) -> None:
        self.name = secrets.token_hex(4)
        """Sequence numbers are valid within one stream; every process starts a new one."""
        self.number = 0
        self._ticks: deque[Tick] = deque(maxlen=KEPT)
        self._points: deque[Point] = deque(maxlen=POINTS)
        self._line: deque[tuple[float, float, float, float]] = deque(maxlen=int(SPAN / LINE_EVERY_S))
        self._written: dict[int | None, str] = {}

    def publish(self, update: Update, stats: Mapping[str, Any], flow: FlowPrice | None = None) -> None:
        """Add the next message; `flow` is the price at which the payments are generated, if known."""
        self.number += 1
        self._ticks.append(Tick(self.number, update.answer, stats, update.points, flow))
        self._points += update.points
        self._draw(update.answer)
        self._written.clear()

    @property
    def answer(self) -> Answer | None:
        """The latest."""
        return self._ticks[-1].answer if self._ticks else None

    def known(self, seen: int | None) -> int | None:
        """`seen`, if everything after it is still stored; else None."""
        is_stored = seen is not None and self._ticks and self._ticks[0].number - 1 <= seen <= self.number
        return seen if is_stored else None

    def message(self, seen: int | None) -> str:
        """The message for a client whose last message was number `seen`, None for a new client."""
        seen = self.known(seen)
        if seen not in self._written:
            self._written[seen] = self._snapshot() if seen is None else self._delta(seen)
        return self._written[seen]

    def _delta(self, seen: int) -> str:
        points = [point for tick in self._ticks if tick.number > seen for point in tick.points]
        return self._write("delta", points, since=seen)

    def _snapshot(self) -> str:
        line = [[round(value, 3) for value in entry] for entry in self._line]
        return self._write("snapshot", list(self._points), line=line)

    def _write(self, kind: str, points: list[Point], **more: Any) -> str:
        head = {"type": kind, "stream": self.name, "sequence": self.number, **more}
        if not self._ticks:
            return json.dumps(head)
        newest = self._ticks[-1]
        body = {"transactions": messages.transactions(points), "stats": newest.stats}
        return json.dumps(head | messages.price_beside(newest.answer, newest.flow) | body, separators=(",", ":"))

    def _draw(self, answer: Answer) -> None:
        """Add a fresh answer to the line of the chart."""
        if answer.price is None or answer.low is None or answer.high is None or answer.at != answer.as_of:
            return
        if not self._line or answer.at - self._line[-1][0] >= LINE_EVERY_S:
            self._line.append((answer.at, answer.price, answer.low, answer.high))
