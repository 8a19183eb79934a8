"""A build's output: all of it in a file, a line every few seconds as progress, the last lines for the error."""

from __future__ import annotations

import threading
import time
from collections import deque
from pathlib import Path

from manage.events import Event, Progress

_LINES_SHOWN = 15
_EVERY_S = 5.0
"""How often a long build shows its latest line."""
_WIDTH = 100


class Cancelled(Exception):
    """The person interrupted the command while this image was being built."""


class Log:
    """Opened for the length of one build; an earlier log of the same image is replaced."""

    def __init__(self, path: Path, name: str, progress: Progress, cancelled: threading.Event) -> None:
        self.path = path
        self._name = name
        self._progress = progress
        self._cancelled = cancelled
        self._shown_at = time.monotonic()
        self._last: deque[str] = deque(maxlen=_LINES_SHOWN)

    def __enter__(self) -> Log:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self._file = self.path.open("w", encoding="utf-8")
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def write(self, line: str) -> None:
        """Add one line. Raises Cancelled when the command was interrupted, which ends the build."""
        if self._cancelled.is_set():
            raise Cancelled
        if line.strip():
            self._file.write(line + "\n")
            self._last.append(line)
            if time.monotonic() - self._shown_at >= _EVERY_S:
                self._shown_at = time.monotonic()
                self._progress(Event("log", self._name, line.strip()[:_WIDTH]))

    def last_lines(self) -> str:
        return "\n".join(self._last)
