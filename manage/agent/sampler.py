"""Writes `engine.json` every two seconds, and faster during a change, so that nothing else has to wait for Docker."""

from __future__ import annotations

import json
import logging
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from nodeclients.links import ENGINE

from manage import untrusted
from manage.errors import NodeyardError
from manage.immutable import dataclass
from manage.installation import documents

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Pace:
    """Seconds between the starts of two samples."""

    idle: float = ENGINE.every_s
    change: float = 0.5
    """While a change is made: every gate of the change waits for a sample."""
    notice: float = 0.25
    """How late the beginning of a change is noticed."""


PACE = Pace()

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
        pace: Pace = PACE,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._path = path
        self._sample = sample
        self._operation = operation
        self._pace = pace
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
        content = json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace") + b"\n"
        documents.replace(self._path, content, mode=0o644)

    def _run(self) -> None:
        began = -self._pace.idle
        while not self._stop.is_set():
            every_s = self._pace.idle if self._operation() is None else self._pace.change
            # Counted from the start of the last sample, so that a slow sample is not followed by a burst.
            if time.monotonic() - began >= every_s:
                began = time.monotonic()
                self._try_to_write()
            self._stop.wait(self._pace.notice)

    def _try_to_write(self) -> None:
        try:
            self.write()
            self._note("")
        except NodeyardError as error:
            self._note(error.message)
        except Exception as error:
            self._note(f"{type(error).__name__}: {error}")

    def _note(self, fault: str) -> None:
        """Log a failure once instead of at every sample, and log its end."""
        if fault != self._fault:
            log.error("cannot sample the engine: %s", fault) if fault else log.info("the engine answers again")
            self._fault = fault


def _last_seq(path: Path) -> int:
    """The last number of the previous agent process; numbering continues from there."""
    try:
        return int(untrusted.parse_json(untrusted.content(path))["seq"])
    except (OSError, ValueError, KeyError, TypeError):
        return 0
