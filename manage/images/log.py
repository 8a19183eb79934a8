"""A build's output: all of it in a file, a line now and then as progress, the last ones for the error."""

from __future__ import annotations

import time
from collections import deque
from pathlib import Path

from manage.events import Event, Progress

_LINES_SHOWN = 15
_EVERY_S = 5.0
"""How often a long build shows what it is at."""
_WIDTH = 100


class Log:
    """Opened for the length of one build; an earlier log of the same image is replaced."""

    def __init__(self, path: Path, name: str, progress: Progress) -> None:
        self.path = path
        self._name = name
        self._progress = progress
        self._told_at = time.monotonic()
        self._last: deque[str] = deque(maxlen=_LINES_SHOWN)

    def __enter__(self) -> Log:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self._file = self.path.open("w", encoding="utf-8")
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def say(self, line: str) -> None:
        if line.strip():
            self._file.write(line + "\n")
            self._last.append(line)
            if time.monotonic() - self._told_at >= _EVERY_S:
                self._told_at = time.monotonic()
                self._progress(Event("log", self._name, line.strip()[:_WIDTH]))

    def ending(self) -> str:
        return "\n".join(self._last)
