"""The gate: a change continues only after watch reports the service as well, with facts newer than the change."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection
from typing import Literal

from manage import words
from manage.errors import NodeyardError
from manage.health import disks, newest
from manage.health.model import ServiceStatus, Snapshot
from manage.immutable import dataclass
from manage.installation.layout import Layout

PASSING: Collection[str] = ("healthy", "syncing", "waiting")
POLL_S = 0.2
GRACE_S = 15.0
"""How much longer than the startup time watch may take to report: a lost probe or two is not a failure."""


REPORT_S = 5.0
"""How long a change in the engine may take to be reported: the agent samples every two seconds or faster."""


@dataclass(frozen=True)
class Decision:
    """What the gate answers about one service, with its reason in words."""

    answer: Literal["pass", "wait", "fail"]
    reason: str


def decide(
    snapshot: Snapshot | None, service: str, started_at: float, now: float, startup_s: float, *, obstacle: str = ""
) -> Decision:
    """Whether the next step may follow a change of `service` made at `started_at`. Pure; times in unix seconds.

    A verdict counts only if the probe's answer and the engine's state behind it are newer than the change: the first
    snapshots after it still describe the previous container. A service that waits for another need not have answered.
    `healthy`, `syncing` and `waiting` pass; anything else fails after the startup time.
    `obstacle` is why agent and watch cannot report, "" if nothing is known to prevent them.
    """
    status = _status(snapshot, service)
    fresh = status is not None and snapshot is not None and _is_newer(status, snapshot, started_at)
    if status is not None and fresh and status.verdict in PASSING:
        return Decision("pass", f"{status.verdict}: {status.reason}")
    age = now - started_at
    if status is not None and fresh:
        over = age > startup_s
        return Decision("fail" if over else "wait", f"{status.verdict}: {status.reason}")
    over = age > startup_s + GRACE_S
    return Decision("fail" if over else "wait", obstacle or _silence(snapshot, status, service, now))


def wait(
    layout: Layout,
    service: str,
    started_at: float,
    startup_s: float,
    *,
    report: Callable[[str], None] = lambda _reason: None,
) -> Decision:
    """Read snapshots until the decision is not "wait". `report` gets each new reason for waiting."""
    reported, since = "", time.time() - time.monotonic()
    while True:
        # The wait must end even if somebody sets the clock meanwhile.
        now = since + time.monotonic()
        decision = decide(_read(layout), service, started_at, now, startup_s, obstacle=_obstacle(layout))
        if decision.answer != "wait":
            return decision
        if decision.reason != reported:
            reported = decision.reason
            report(reported)
        time.sleep(POLL_S)


def wait_for_report(layout: Layout, since: float, patience_s: float = REPORT_S) -> None:
    """Return when a snapshot describes the engine after `since` (unix seconds), or after `patience_s`.

    So `manage status` right after `manage down` does not show the removed containers.
    """
    deadline = time.monotonic() + patience_s
    while time.monotonic() < deadline:
        snapshot = _read(layout)
        if snapshot is not None and any(status.engine_at > since for status in snapshot.services):
            return
        time.sleep(POLL_S)


def _is_newer(status: ServiceStatus, snapshot: Snapshot, started_at: float) -> bool:
    if snapshot.as_of <= started_at or status.engine_at <= started_at:
        return False
    return status.answered_at > started_at or status.verdict not in ("healthy", "syncing")


def _status(snapshot: Snapshot | None, service: str) -> ServiceStatus | None:
    if snapshot is None:
        return None
    return next((status for status in snapshot.services if status.name == service), None)


def _silence(snapshot: Snapshot | None, status: ServiceStatus | None, service: str, now: float) -> str:
    if snapshot is None:
        return "watch has written no snapshot yet"
    age = now - snapshot.as_of
    if age > GRACE_S:
        return f"watch does not report: its last snapshot is {words.duration(age)} old"
    if status is None:
        return f"watch does not report {service} yet"
    return "watch has not reported it since the change"


def _obstacle(layout: Layout) -> str:
    """Why neither agent nor watch can report; "" if nothing is known."""
    full = disks.trouble_of(layout.dir)
    return f"{full.headline[:1].lower()}{full.headline[1:]}" if full else ""


def _read(layout: Layout) -> Snapshot | None:
    """The snapshot; None if there is none or it cannot be read (watch is starting, or never ran)."""
    try:
        return newest.read(layout)
    except NodeyardError:
        return None
