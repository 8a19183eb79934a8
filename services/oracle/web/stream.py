"""Answers for many listeners: each message is written once, whoever is late gets one message for all that he missed.

A listener asks with the number that he has. The next message is the same for all who are in step; for the late it
holds the newest answer and the points in between; for the new, and for those who are too late, everything.
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
from oracle.live.core import Told
from oracle.live.node import FlowPrice
from oracle.web import messages
from oracle.web.messages import Point

KEPT = 240
"""Ticks that a late listener may have missed: two minutes."""
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
        """Numbers count within it: another process, another stream."""
        self.number = 0
        self._ticks: deque[Tick] = deque(maxlen=KEPT)
        self._points: deque[Point] = deque(maxlen=POINTS)
        self._line: deque[tuple[float, float, float, float]] = deque(maxlen=int(SPAN / LINE_EVERY_S))
        self._written: dict[int | None, str] = {}

    def publish(self, told: Told, stats: Mapping[str, Any], flow: FlowPrice | None = None) -> None:
        """The next message; `flow` is what the payments are made at, where that is known."""
        self.number += 1
        self._ticks.append(Tick(self.number, told.answer, stats, told.points, flow))
        self._points += told.points
        self._draw(told.answer)
        self._written.clear()

    @property
    def answer(self) -> Answer | None:
        """The newest."""
        return self._ticks[-1].answer if self._ticks else None

    def known(self, seen: int | None) -> int | None:
        """`seen`, if what came after it can still be told."""
        told = seen is not None and self._ticks and self._ticks[0].number - 1 <= seen <= self.number
        return seen if told else None

    def message(self, seen: int | None) -> str:
        """What a listener needs who has `seen` this number of this stream, None when he has nothing yet."""
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
        """The line of answers, as far as they are fresh."""
        if answer.price is None or answer.low is None or answer.high is None or answer.at != answer.as_of:
            return
        if not self._line or answer.at - self._line[-1][0] >= LINE_EVERY_S:
            self._line.append((answer.at, answer.price, answer.low, answer.high))
