"""The last lines of a service's log that match the patterns of its service file, within bounds that no log can move."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Sequence

from manage import words
from manage.engine import facts, line_pattern, log_lines, logs
from manage.engine.reader import Reader

KEPT = 20
"""Matching lines kept."""
TAIL = 200
"""Lines read each time: the engine reads a log from its end, so the cost does not grow with the log."""
READ_BYTES = 1 << 20
"""Bytes read each time; the next time continues where this one ended."""
READ_S = 2.0
"""How long reading may take."""
FUTURE_S = 2.0
"""Lines from further in the future are older than the last change of the clock."""
MATCH_S = 0.2
"""CPU time for matching each time; the lines behind that are not looked at."""
LINE_BYTES = 1000
"""What is left of a line before any pattern sees it: evidence, not the log."""


class LogEvidence:
    """Of one service; a new container of it continues the old one's lines. Not thread-safe."""

    def __init__(self, patterns: Sequence[str]) -> None:
        self._patterns = [line_pattern.compiled(text) for text in patterns]
        self._until = 0.0
        self.lines: deque[tuple[float, str]] = deque(maxlen=KEPT)
        """(unix seconds, line), oldest first."""

    def read(self, engine: Reader, container_id: str) -> None:
        """Look at what was written since the last time. Raises NodeyardError if the engine refuses or is not there."""
        if not self._patterns:
            return
        # Later than the last line: it was read, and may be longer than all that is read at once.
        after = self._until + 1e-6 if self._until else 0.0
        now = time.time()
        if self._until > now + FUTURE_S:
            self._until, after = now, now  # the clock was set back: what is written now is new nevertheless
        raw = engine.log(container_id, tail=TAIL, since=after, most=READ_BYTES, timeout_s=READ_S)
        began = time.thread_time()
        for line in log_lines.lines(log_lines.demultiplexed([raw]), LINE_BYTES):
            stamp, text = logs.split(line, exact=True)
            at, shown = facts.timestamp(stamp), words.plain(text)
            if at <= self._until or at > now + READ_S + FUTURE_S:
                continue
            self._until = at
            if time.thread_time() - began < MATCH_S and any(pattern.is_in(shown) for pattern in self._patterns):
                self.lines.append((at, shown))
