"""The agent's changes, one at a time, each with its progress."""

from __future__ import annotations

import secrets
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping
from typing import Any, Literal

from manage.access.refusals import Refused

_KEPT = 20
_MOST_EVENTS = 500


class Operation:
    """One change. Its fields are replaced as a whole, never modified, so that other threads can read them."""

    def __init__(self, kind: str, by: str, services: list[str], since: float) -> None:
        self.id = secrets.token_hex(8)
        self.kind = kind
        self.by = by
        self.services = services
        self.since = since
        self.ended: float | None = None
        self.state: Literal["running", "done", "failed"] = "running"
        self.result: Mapping[str, Any] = {}
        self.error: Mapping[str, Any] | None = None
        self.events: tuple[Mapping[str, Any], ...] = ()

    def document(self) -> dict[str, Any]:
        """JSON-plain, for the `progress` verb."""
        return {
            "id": self.id,
            "kind": self.kind,
            "by": self.by,
            "services": self.services,
            "since": self.since,
            "ended": self.ended,
            "state": self.state,
            "events": list(self.events),
            "result": dict(self.result),
            "error": dict(self.error) if self.error else None,
        }


class Operations:
    """All recent changes. A second change is refused while one runs; the error names the running one."""

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._all: OrderedDict[str, Operation] = OrderedDict()
        self._current: Operation | None = None
        self._idle = threading.Condition(self._lock)

    def begin(self, kind: str, by: str, services: list[str]) -> Operation:
        """Start a change. Raises Refused ("busy") if another one runs."""
        with self._lock:
            if held := self._current:
                holder = f"{held.kind} by {held.by}"
                raise Refused("busy", f"{holder} is running.", "Wait until it ends.", holder=holder)
            operation = Operation(kind, by, services, self._clock())
            self._current = self._all[operation.id] = operation
            while len(self._all) > _KEPT:
                self._all.popitem(last=False)
            return operation

    def add_event(self, operation: Operation, event: Mapping[str, Any]) -> None:
        """Record a progress event with its time; only the newest `_MOST_EVENTS` are kept."""
        stamped = {"at": self._clock(), **event}
        operation.events = (*operation.events, stamped)[-_MOST_EVENTS:]

    def end(self, operation: Operation, *, result: Mapping[str, Any], error: Mapping[str, Any] | None) -> None:
        with self._lock:
            operation.result = result
            operation.error = error
            operation.ended = self._clock()
            operation.state = "failed" if error else "done"
            self._current = None
            self._idle.notify_all()

    def wait_idle(self, timeout_s: float) -> bool:
        """Wait until no change runs; False if one still runs after `timeout_s`."""
        with self._idle:
            return self._idle.wait_for(lambda: self._current is None, timeout_s)

    def require(self, id: str) -> Operation:
        """The operation with this id. Raises Refused ("usage") if it is unknown or too old."""
        operation = self._all.get(id)
        if operation is None:
            raise Refused("usage", "The agent does not know this operation.", "See past changes with: manage history")
        return operation

    def current(self) -> dict[str, Any] | None:
        """The running change, as `engine.json` shows it."""
        held = self._current
        return {"kind": held.kind, "by": held.by, "since": held.since} if held else None
