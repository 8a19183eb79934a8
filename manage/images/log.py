"""A build's output: all of it in a file, each line as progress, the last ones for the error."""

from __future__ import annotations

from collections import deque
from pathlib import Path

from manage.apply.events import Event, Progress

_LINES_SHOWN = 15


class Log:
    """Opened for the length of one build; an earlier log of the same image is replaced."""

    def __init__(self, path: Path, name: str, progress: Progress) -> None:
        self.path = path
        self._name = name
        self._progress = progress
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
            self._progress(Event("log", self._name, line))

    def ending(self) -> str:
        return "\n".join(self._last)
