"""The snapshot as JSON, one key per field of `manage.health.model.Snapshot`: watch writes it, others read it."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any, cast

from manage import untrusted
from manage.errors import NodeyardError
from manage.health.model import VERDICTS, Fact, ServiceStatus, Snapshot, VerdictName
from manage.installation.layout import Layout

VERSION = 1
MAX_TIME = 1e11
"""Unix seconds, in the year 5138."""
STALE_S = 10.0
"""A snapshot older than this is shown as outdated; watch writes one every second. `static/freshness.js` agrees."""


def as_json(snapshot: Snapshot) -> dict[str, Any]:
    """Plain JSON values: nested dataclasses become objects, tuples become lists."""
    return asdict(snapshot)


def from_json(document: Mapping[str, Any]) -> Snapshot:
    """The snapshot of `as_json`. Unknown keys are ignored.

    Raises NodeyardError when the document is of a newer version or lacks a field.
    """
    version = document.get("version")
    if not isinstance(version, int) or version > VERSION:
        raise NodeyardError(
            f"snapshot.json has version {version}; it was written by a newer manage.",
            "Use the manage that started the manager, or restart the manager with: manage up",
        )
    try:
        return Snapshot(
            version=version,
            seq=int(document["seq"]),
            as_of=_time(document["as_of"]),
            name=_text(document["name"]),
            network=_text(document["network"]),
            sentence=_text(document["sentence"]),
            detail=_text(document["detail"]),
            services=tuple(_status(service) for service in document["services"]),
            host=dict(document.get("host", {})),
        )
    except (AttributeError, KeyError, TypeError, ValueError, OverflowError) as fault:
        raise NodeyardError(
            f"snapshot.json cannot be read: {fault!r}.", "Restart the manager with: manage up"
        ) from fault


def read(layout: Layout) -> Snapshot:
    """The last snapshot, however old: callers check its `age`. Raises NodeyardError when there is none."""
    try:
        content = untrusted.content(layout.snapshot_file)
    except FileNotFoundError:
        raise NodeyardError(
            f"There is no snapshot in {layout.dir} yet, because watch has not run.", "Start the stack with: manage up"
        ) from None
    except PermissionError:
        raise NodeyardError(f"This user may not read {layout.snapshot_file}.", "Try again as root.") from None
    except OSError as error:
        raise NodeyardError(
            f"{layout.snapshot_file} cannot be read: {error.strerror}.",
            "Only watch writes there, so it may be compromised. See: manage logs watch",
        ) from error
    try:
        document = untrusted.parse_json(content)
    except ValueError:
        document = None
    if not isinstance(document, dict):
        raise NodeyardError(f"{layout.snapshot_file} is not a JSON object.", "Restart the manager with: manage up")
    return from_json(document)


def write(path: Path, snapshot: Snapshot) -> None:
    """Replace the file atomically (rename in its folder), readable by all. Raises OSError, and leaves no half file."""
    fresh = path.with_name(f".{path.name}.new")
    try:
        fresh.write_text(json.dumps(as_json(snapshot), ensure_ascii=False, separators=(",", ":")), encoding="utf-8")
        fresh.chmod(0o644)
        fresh.replace(path)
    except OSError:
        with contextlib.suppress(OSError):
            fresh.unlink(missing_ok=True)
        raise


def age(snapshot: Snapshot, now: float) -> float:
    """Seconds between the snapshot and `now`, never negative; see `age_of`."""
    return age_of(snapshot.as_of, now)


def age_of(as_of: float, now: float) -> float:
    """The same from the two times.

    A snapshot from far in the future was written before the clock was set back, and watch has not written another one
    since: it is as old as one from as far in the past.
    """
    age_s = now - as_of
    return -age_s if age_s < -STALE_S else max(0.0, age_s)


def _status(document: Mapping[str, Any]) -> ServiceStatus:
    return ServiceStatus(
        name=_text(document["name"]),
        title=_text(document["title"]),
        group=_text(document["group"]),
        verdict=_verdict(document["verdict"]),
        reason=_text(document["reason"]),
        since=_time(document["since"]),
        waits_for=tuple(document["waits_for"]),
        facts=tuple(Fact(f["name"], f["value"], _time(f["at"]), f.get("unit", "")) for f in document["facts"]),
        checks=dict(document["checks"]),
        log=tuple((_time(at), _text(line)) for at, line in document.get("log", ())),
        headline=_text(document.get("headline", "")),
        answered_at=_time(document.get("answered_at", 0.0)),
        engine_at=_time(document.get("engine_at", 0.0)),
    )


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{value!r:.40} is not text")
    return value


def _verdict(value: Any) -> VerdictName:
    if value not in VERDICTS:
        raise ValueError(f"{value!r:.40} is not a verdict")
    return cast(VerdictName, value)


def _time(value: Any) -> float:
    """Unix seconds. Raises ValueError for a number that no clock shows, and TypeError."""
    seconds = float(value)
    if not 0 <= seconds < MAX_TIME:
        raise ValueError(f"{value!r} is not a time")
    return seconds
