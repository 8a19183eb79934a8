"""From engine state, answers and their age to a verdict, for every service. Drivers judge only the answers."""

from __future__ import annotations

from dataclasses import replace

from manage import words
from manage.health import disks, door, memory
from manage.health.drivers import Driver, Target
from manage.health.model import EngineState, Fact, Judgement
from manage.immutable import dataclass

SIGKILLED = 137
"""The exit code of a container whose main process SIGKILL ended: 128 + 9."""
RESTART_LOOP = 3
"""Report the restart count once it reaches this."""


@dataclass(frozen=True)
class Record:
    """What the probes of one service have found. Times in unix seconds, 0 for never."""

    facts: tuple[Fact, ...] = ()
    answered_at: float = 0.0
    fault: str = ""
    """Why the last probe failed, "" when it succeeded."""
    failed_at: float = 0.0
    watched_since: float = 0.0
    door_fault: str = ""
    """Why the way through the proxy has been closed since `door_since`; see `manage.health.door`."""
    door_since: float = 0.0


def judge(target: Target, driver: Driver, record: Record, engine: EngineState, now: float) -> Judgement:
    """The service's own verdict at `now`: by engine state first, then by silence, then by its driver. Pure."""
    judged = memory.with_kills(_judge(target, driver, record, engine, now), engine, now)
    return disks.with_log(judged, engine, now)


def _judge(target: Target, driver: Driver, record: Record, engine: EngineState, now: float) -> Judgement:
    by_engine = _by_engine(engine)
    if by_engine is not None:
        return by_engine
    started_at = engine.started_at or record.watched_since
    if record.answered_at > engine.started_at:
        silence = now - record.answered_at
        judged = (
            _by_driver(target, driver, record, engine, now)
            if silence <= target.thresholds["max_silence_s"]
            else _silent(f"silent for {words.duration(silence)}: {record.fault or 'no answer'}")
        )
    elif now - started_at <= target.startup_s:
        judged = _starting(record, engine, now - started_at)
    else:
        since = "since its start" if engine.started_at else "since watch started"
        judged = _silent(f"no answer {since}, {words.duration(now - started_at)}: {record.fault or 'not probed yet'}")
    if judged.verdict == "healthy" and record.door_fault and now - record.door_since >= door.FOR_S:
        reason = f"it answers ({judged.reason}), but {record.door_fault}"
        waits_for = (target.door.host,) if target.door else ()
        judged = replace(
            judged, verdict="degraded", reason=reason, waits_for=waits_for, headline="is not reached through its proxy"
        )
    if engine.state == "unknown":
        judged = replace(judged, reason=f"{judged.reason}; engine state unknown")
    return judged


def _by_engine(engine: EngineState) -> Judgement | None:
    """The verdict by the container's state alone, None when the service can be probed."""
    if engine.state in ("running", "unknown"):
        return None
    if not engine.desired and engine.state in ("absent", "exited", "created", "dead"):
        return Judgement(
            "disabled", "stopped by an operator; start it with: manage up", headline="is stopped", final=True
        )
    if engine.state == "paused":
        return Judgement(
            "down", "its container is paused; unpause it with: manage up", headline="is paused", final=True
        )
    if engine.state == "restarting":
        times = words.plural(engine.restarts, "restart")
        return Judgement("down", f"it keeps restarting: {times}, {_end(engine)}", headline="keeps restarting")
    if engine.state in ("exited", "dead"):
        return Judgement("down", f"its container has exited: {_end(engine)}", headline="has exited", final=True)
    if engine.state == "absent":
        return Judgement(
            "down", "it has no container; create it with: manage up", headline="has no container", final=True
        )
    return Judgement("down", f"its container is {engine.state}, not running", headline="is not running", final=True)


def _end(engine: EngineState) -> str:
    """How the container ended. Kills that were seen as they happened are added by `memory.with_kills`."""
    limit = f" of {words.size(engine.memory_limit)}" if engine.memory_limit else ""
    killed = f"killed at its memory limit{limit}, " if engine.oom_killed and not engine.memory_kills else ""
    from_outside = engine.exit_code == SIGKILLED and not engine.oom_killed and not engine.memory_kills
    by = " (killed from outside by SIGKILL, not at its memory limit)" if from_outside else ""
    return f"{killed}exit code {engine.exit_code}{by}"


def _starting(record: Record, engine: EngineState, age: float) -> Judgement:
    reason = f"started {words.duration(age)} ago" if engine.started_at else f"watched for {words.duration(age)}"
    if engine.restarts >= RESTART_LOOP:
        reason += f" after {words.plural(engine.restarts, 'restart')}"
    return Judgement("starting", f"{reason}, {record.fault}" if record.fault else reason, headline="is starting")


def _silent(reason: str) -> Judgement:
    return Judgement("down", reason, headline="does not answer")


def _by_driver(target: Target, driver: Driver, record: Record, engine: EngineState, now: float) -> Judgement:
    """The driver's judgement. An answer that it cannot judge is the service's fault and ends no other verdict."""
    try:
        return driver.judge(target, record.facts, engine, now)
    except Exception as error:
        return Judgement(
            "degraded",
            f"its answer cannot be judged ({type(error).__name__}: {error})",
            headline="gives an answer that cannot be judged",
        )
