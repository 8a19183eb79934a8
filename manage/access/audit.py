"""The audit log: one JSON line per sign-in, change and refusal. Append-only, chained, bounded, mode 0600."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

from manage.access import audit_chain
from manage.access.audit_budget import Budget
from manage.errors import EXIT_USAGE, NodeyardError
from manage.installation import lock

Result = Literal["ok", "started", "failed", "refused"]
_SECRET = frozenset({"password", "old", "new", "token", "answer", "code", "device"})
_LONGEST = 200
_LONGEST_ARGS = 2000


class Audit:
    """Writes records; `flush` says how many were left out."""

    def __init__(self, path: Path, clock: Callable[[], float] = time.time) -> None:
        self._path = path
        self._clock = clock
        self._budget = Budget(clock)

    def write(
        self,
        *,
        who: str,
        address: str,
        verb: str,
        args: Mapping[str, Any],
        result: Result,
        reason: str = "",
        source: Literal["name", "address", "change"] = "name",
    ) -> None:
        """Append one record; it is on disk when this returns. `address` is the person's, as far as it is known.

        `source` is what the record counts for: `name` of somebody who is signed in, `address` if nobody is, and
        `change` for a confirmed change, which is always written.
        """
        self.flush()
        if source != "change":
            whose = who if source == "name" else f"[{address[:_LONGEST]}]"
            if not self._budget.take(whose, result, is_address=source == "address"):
                return
        record = _record(self._clock(), who=who, address=address, verb=verb, args=args, result=result, reason=reason)
        audit_chain.append(self._path, record)

    def flush(self, *, everything: bool = False) -> None:
        """Write how many records each source left out in the hour that is over; `everything`: also before that."""
        for (source, result), count in self._budget.ended(everything=everything):
            if count:
                record = _record(
                    self._clock(),
                    who=source,
                    address="",
                    verb="left_out",
                    args={"result": result, "count": count},
                    result="refused",
                    reason=f"{count} more records of {source} were left out.",
                )
                audit_chain.append(self._path, record)

    def close(self) -> None:
        self.flush(everything=True)


@contextmanager
def on_host(path: Path, verb: str, args: Mapping[str, Any]) -> Iterator[None]:
    """Record what root does on the host within the context, also if it is refused; the log is at `path`.

    Usage errors (a name that does not exist) are not recorded.
    """
    who, address = f"{lock.user()}@host", os.environ.get("SSH_CONNECTION", "").partition(" ")[0] or "host"

    def write(result: Result, reason: str = "") -> None:
        record = _record(time.time(), who=who, address=address, verb=verb, args=args, result=result, reason=reason)
        audit_chain.append(path, record)

    try:
        yield
    except NodeyardError as error:
        if error.exit_code != EXIT_USAGE:
            write("refused", error.message)
        raise
    write("ok")


def _record(
    at: float, *, who: str, address: str, verb: str, args: Mapping[str, Any], result: Result, reason: str
) -> dict[str, Any]:
    shown = {name: _shown(name, value) for name, value in args.items()}
    text = json.dumps(shown)
    return {
        "at": round(at, 3),
        "who": who[:_LONGEST],
        "address": address[:_LONGEST],
        "verb": verb[:_LONGEST],
        "args": shown if len(text) <= _LONGEST_ARGS else {"shortened": text[:_LONGEST_ARGS]},
        "result": result,
        "reason": reason[: 2 * _LONGEST],
    }


def _shown(name: str, value: Any) -> Any:
    """The value without secrets, shortened to fit a line."""
    if name in _SECRET:
        return "***"
    if isinstance(value, int | float) or value is None:
        return value
    return str(value)[:_LONGEST] if not isinstance(value, list) else [str(item)[:_LONGEST] for item in value[:50]]
