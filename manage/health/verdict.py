"""From engine state, answers and their age to a verdict, as it holds for every service. Drivers judge answers alone."""

from __future__ import annotations

from dataclasses import dataclass, replace

from manage import words
from manage.health.drivers import Driver, Target
from manage.health.model import EngineState, Fact, Judgement

MAX_SILENCE_S = 8.0
"""How old the last answer may be: one lost probe (period 2 s, deadline 3 s) is no fault, two in a row are. A service
may set its own with the threshold `max_silence_s`."""
RESTART_LOOP = 3
"""From so many restarts by the engine on, a start is told with its number."""


@dataclass(frozen=True)
class Record:
    """What is known of one service from asking it. Times in unix seconds, 0 for never."""

    facts: tuple[Fact, ...] = ()
    answered_at: float = 0.0
    fault: str = ""
    """Why the last probe had no answer, "" when it had one."""
    failed_at: float = 0.0
    watched_since: float = 0.0


def judge(target: Target, driver: Driver, record: Record, engine: EngineState, now: float) -> Judgement:
    """The service's own verdict at `now`, engine state first, then silence, then the driver. Pure."""
    by_engine = _by_engine(engine)
    if by_engine is not None:
        return by_engine
    started_at = engine.started_at or record.watched_since
    if record.answered_at > engine.started_at:
        silence = now - record.answered_at
        limit = target.thresholds.get("max_silence_s", MAX_SILENCE_S)
        judged = (
            driver.judge(target, record.facts, engine, now)
            if silence <= limit
            else _silent(f"silent for {words.duration(silence)}: {record.fault or 'no answer'}")
        )
    elif now - started_at <= target.startup_s:
        judged = _starting(record, engine, now - started_at)
    else:
        since = "since its start" if engine.started_at else "while watched"
        judged = _silent(f"no answer {since}, {words.duration(now - started_at)}: {record.fault or 'not asked yet'}")
    if engine.state == "unknown":
        judged = replace(judged, reason=f"{judged.reason}; engine state unknown")
    return judged


def _by_engine(engine: EngineState) -> Judgement | None:
    """What the container's state alone decides, None when the service can be asked."""
    if engine.state in ("running", "unknown"):
        return None
    if not engine.desired and engine.state in ("absent", "exited", "created", "dead"):
        return Judgement("disabled", "stopped by an operator; manage up starts it", headline="is stopped", final=True)
    if engine.state == "paused":
        return Judgement("down", "its container is paused; manage up unpauses it", headline="is paused", final=True)
    if engine.state == "restarting":
        times = words.plural(engine.restarts, "restart")
        return Judgement("down", f"it ends at once, again and again: {times}, {_end(engine)}", headline="keeps ending")
    if engine.state in ("exited", "dead"):
        return Judgement("down", f"its container has ended: {_end(engine)}", headline="has ended", final=True)
    if engine.state == "absent":
        return Judgement("down", "it has no container; manage up makes it", headline="has no container", final=True)
    return Judgement("down", f"its container is {engine.state}, not running", headline="is not running", final=True)


def _end(engine: EngineState) -> str:
    limit = f" of {words.size(engine.memory_limit)}" if engine.memory_limit else ""
    killed = f"killed at its memory limit{limit}, " if engine.oom_killed else ""
    return f"{killed}exit code {engine.exit_code}"


def _starting(record: Record, engine: EngineState, age: float) -> Judgement:
    reason = f"started {words.duration(age)} ago" if engine.started_at else f"watched for {words.duration(age)}"
    if engine.restarts >= RESTART_LOOP:
        reason += f" after {words.plural(engine.restarts, 'restart')}"
    return Judgement("starting", f"{reason}, {record.fault}" if record.fault else reason, headline="is starting")


def _silent(reason: str) -> Judgement:
    return Judgement("down", reason, headline="does not answer")
