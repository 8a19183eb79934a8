"""Writes `engine.json` every two seconds, so that no page and no verdict ever waits for Docker."""

from __future__ import annotations

import json
import logging
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from manage.errors import NodeyardError
from manage.installation import documents

log = logging.getLogger(__name__)

EVERY_S = 2.0

Sample = Callable[[], Mapping[str, Any]]
"""One look at the engine: `{"services": {NAME: EngineState fields}}`; other keys go into the document as they are."""


class Sampler:
    """The background thread. A look that fails writes nothing, so that `as_of` grows old and everyone sees it."""

    def __init__(
        self,
        path: Path,
        sample: Sample,
        operation: Callable[[], Mapping[str, Any] | None],
        *,
        every_s: float = EVERY_S,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._path = path
        self._sample = sample
        self._operation = operation
        self._every_s = every_s
        self._clock = clock
        self._seq = _last_seq(path)
        self._stop = threading.Event()
        self._fault = ""
        self._thread = threading.Thread(target=self._run, name="agent-sampler", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Ends after the look that is under way."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join(timeout=10)

    def write(self) -> None:
        """One look, one file. Raises what the look raises."""
        as_of = self._clock()  # before the look: the facts are at least as new
        found = self._sample()
        self._seq += 1
        document = {
            "version": documents.VERSION,
            "seq": self._seq,
            "as_of": as_of,
            "operation": self._operation(),
            **found,
        }
        content = json.dumps(document, separators=(",", ":")).encode() + b"\n"
        documents.replace(self._path, content, mode=0o644)

    def _run(self) -> None:
        due = time.monotonic()
        while not self._stop.wait(max(0.0, due - time.monotonic())):
            # From the start of this look, never a burst of looks after a slow one.
            due = time.monotonic() + self._every_s
            try:
                self.write()
                self._note("")
            except NodeyardError as error:
                self._note(error.message)
            except Exception as error:
                self._note(f"{type(error).__name__}: {error}")

    def _note(self, fault: str) -> None:
        """Says a fault once, not every two seconds; and when it is over."""
        if fault != self._fault:
            log.error("the engine cannot be looked at: %s", fault) if fault else log.info("the engine answers again")
            self._fault = fault


def _last_seq(path: Path) -> int:
    """Numbers go on where the agent before us stopped."""
    try:
        return int(json.loads(path.read_bytes())["seq"])
    except (OSError, ValueError, KeyError, TypeError):
        return 0
