"""Judges the clock of this machine by the chains: their newest blocks carry the time of many other machines.

The kernel's own state (adjtimex) only says whether something keeps the clock right, not whether it is right: on many
virtual machines nothing does, and the clock is exact. So it is evidence and no verdict.
"""

from __future__ import annotations

import errno
import time
from collections.abc import Iterable, Mapping
from typing import Any

from manage import words
from manage.health.facts import value
from manage.health.model import ServiceStatus
from manage.health.trouble import Trouble
from manage.immutable import dataclass

AHEAD = "clock_ahead"
"""A fact of a chain node: by how many seconds the clock is ahead of its chain's, negative if it is behind. A driver
measures it only where the difference cannot be a whim of one block."""
RECENT_S = 60.0
"""A fact of a node that has not answered for longer proves nothing."""
STEP_S = 2.0
"""A clock that differs by this much from one second to the next was set; services that adjust it do so slowly."""
SETTLE_S = 8.0
"""How long after a step verdicts stay as they were: until every service was probed again and the agent has reported."""


@dataclass(frozen=True)
class Step:
    """Somebody set the clock forward by `by_s` seconds (back, if negative) at `at`, unix seconds of the new time."""

    by_s: float
    at: float


class Steps:
    """Notices that the clock is set, by another clock of the kernel that nobody sets and that counts in sleep too."""

    def __init__(self) -> None:
        self.last: Step | None = None
        self._offset: float | None = None
        self._settled_at = 0.0

    def see(self, now: float, steady: float) -> None:
        """Note both clocks, in seconds."""
        offset = now - steady
        if self._offset is not None and abs(offset - self._offset) > STEP_S:
            self.last, self._settled_at = Step(offset - self._offset, now), steady + SETTLE_S
        self._offset = offset

    def settling(self, steady: float) -> bool:
        """Whether the last step is so recent that times from before it are still about."""
        return steady < self._settled_at


def steady() -> float:
    """Seconds since the machine started, its sleep included."""
    return time.clock_gettime(time.CLOCK_BOOTTIME)


def synchronised() -> bool | None:
    """Whether a service such as chrony keeps the kernel's clock right; None if the kernel does not answer.

    adjtimex(2) with modes 0 only reads and needs no right. TIME_ERROR (5) means STA_UNSYNC or a fault of the clock.
    """
    import ctypes  # only watch asks; `manage status` imports this module too

    buffer = ctypes.create_string_buffer(512)  # struct timex has 208 bytes and begins with `modes`
    try:
        state = ctypes.CDLL(None, use_errno=True).adjtimex(buffer)
    except (AttributeError, OSError):
        return None
    return None if state < 0 or ctypes.get_errno() == errno.EPERM else bool(state != 5)


def as_host(services: Iterable[ServiceStatus], step: Step | None, kept: bool | None, now: float) -> dict[str, Any]:
    """What is known of the clock, as the snapshot's `host` carries it.

    Several chains must agree on the direction, and the smallest difference counts: a chain alone may be wrong.
    """
    found = [
        (float(ahead), status.title)
        for status in services
        if (ahead := value(status.facts, AHEAD)) is not None and now - status.answered_at <= RECENT_S
    ]
    agreed = bool(found) and len({ahead > 0 for ahead, _ in found}) == 1
    ahead_s, witness = min(found, key=lambda one: abs(one[0])) if agreed else (0.0, "")
    clock: dict[str, Any] = {"ahead_s": round(ahead_s, 1), "witness": witness, "synchronised": kept}
    return clock if step is None else {**clock, "set_by_s": round(step.by_s, 1), "set_at": step.at}


def judge(host: Mapping[str, Any]) -> Trouble | None:
    """The clock as a snapshot's `host` describes it; None if that holds nothing about it."""
    clock = host.get("clock")
    if not isinstance(clock, dict):
        return None
    ahead_s = _number(clock.get("ahead_s"))
    kept = (
        " No time service synchronises it. Install one, for example chrony."
        if clock.get("synchronised") is False
        else ""
    )
    moved = _step(_number(clock.get("set_by_s")))
    if not ahead_s:
        return Trouble("clock", "healthy", "The clock of this machine is not known to be wrong", moved.lstrip())
    way = "ahead of" if ahead_s > 0 else "behind"
    by = f"{words.duration(abs(ahead_s))} {way} the chain's, by the blocks of the {_title(clock.get('witness'))}"
    detail = f"The clock of this machine is {by}.{kept}{moved} Correct it: nodes refuse blocks while it is wrong."
    return Trouble("clock", "degraded", f"The clock of this machine is {way} the chain's", detail)


def _title(witness: object) -> str:
    return words.plain(str(witness)[:80]) or "nodes"


def _step(by_s: float) -> str:
    return f" It was set {'forward' if by_s > 0 else 'back'} by {words.duration(abs(by_s))}." if by_s else ""


def _number(value: object) -> float:
    return float(value) if isinstance(value, int | float) and abs(value) < 1e12 else 0.0
