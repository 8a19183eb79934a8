"""Times and durations as text. In UTC; the browser adds the local time as a tooltip."""

from __future__ import annotations

import time

from manage import words


def utc(at: float) -> str:
    """Unix seconds -> "2026-11-21 10:42:07 UTC"."""
    return time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime(at))


def iso(at: float) -> str:
    """Unix seconds -> "2026-11-21T10:42:07Z", for `<time datetime>`."""
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(at))


def duration(seconds: float) -> str:
    """A duration in whole seconds, so that a page changes at most once a second: "12 s", "4 min 10 s"."""
    return f"{round(max(0.0, seconds))} s" if seconds < 59.5 else words.duration(seconds)


def ago(at: float, now: float) -> str:
    """How long `at` was before `now`: "4 min 10 s ago"."""
    return f"{words.duration(max(0.0, now - at))} ago"
