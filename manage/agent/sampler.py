"""Writes `engine.json` every two seconds, so that no page and no verdict has to wait for Docker."""

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
"""Samples the engine: `{"services": {NAME: EngineState fields}}`; other keys are copied into the document."""


class Sampler:
    """The background thread. A failed sample writes nothing, so the age of `as_of` shows the failure."""

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
        """Stop after the current sample."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join(timeout=10)

    def write(self) -> None:
        """Take one sample and write it. Raises what `sample` raises."""
        as_of = self._clock()  # before the sample, so that the facts are at least as new
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
            # Counted from the start of this sample, so that a slow sample is not followed by a burst.
            due = time.monotonic() + self._every_s
            try:
                self.write()
                self._note("")
            except NodeyardError as error:
                self._note(error.message)
            except Exception as error:
                self._note(f"{type(error).__name__}: {error}")

    def _note(self, fault: str) -> None:
        """Log a failure once instead of every two seconds, and log its end."""
        if fault != self._fault:
            log.error("cannot sample the engine: %s", fault) if fault else log.info("the engine answers again")
            self._fault = fault


def _last_seq(path: Path) -> int:
    """The last number of the previous agent process; numbering continues from there."""
    try:
        return int(json.loads(path.read_bytes())["seq"])
    except (OSError, ValueError, KeyError, TypeError):
        return 0
