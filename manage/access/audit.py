"""The audit log: one JSON line per sign-in, change and refusal. Append-only, mode 0600."""

from __future__ import annotations

import json
import os
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Literal

Result = Literal["ok", "started", "failed", "refused"]
_SECRET = frozenset({"password", "old", "new", "token"})
_LONGEST = 200


class Audit:
    """One file description opened with O_APPEND, so lines stay whole and in order even with several writers."""

    def __init__(self, path: Path, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)

    def write(
        self, *, who: str, address: str, verb: str, args: Mapping[str, Any], result: Result, reason: str = ""
    ) -> None:
        """Append one line; it is on disk when this returns. `address` is the user's address as far as it is known."""
        line = {
            "at": round(self._clock(), 3),
            "who": who[:_LONGEST],
            "address": address[:_LONGEST],
            "verb": verb[:_LONGEST],
            "args": {name: _shown(name, value) for name, value in args.items()},
            "result": result,
            "reason": reason,
        }
        with self._lock:
            os.write(self._descriptor, json.dumps(line).encode() + b"\n")
            os.fsync(self._descriptor)

    def close(self) -> None:
        os.close(self._descriptor)


def _shown(name: str, value: Any) -> Any:
    """The value without secrets, shortened to fit a line."""
    if name in _SECRET:
        return "***"
    if isinstance(value, int | float) or value is None:
        return value
    return str(value)[:_LONGEST] if not isinstance(value, list) else [str(item)[:_LONGEST] for item in value[:50]]
