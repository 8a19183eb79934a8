"""What the kills at a memory limit mean, in words. Pure."""

from __future__ import annotations

from dataclasses import replace

from manage import words
from manage.health.model import EngineState, Judgement

RECENT_S = 3600.0


def kills(engine: EngineState, now: float) -> str:
    """What of the container was killed at its memory limit in the last hour, "" for nothing."""
    recent = [(at, whole) for at, whole in engine.memory_kills if now - at <= RECENT_S]
    if not recent:
        return ""
    whole = [at for at, is_whole in recent if is_whole]
    limit = f" of {words.size(engine.memory_limit)}" if engine.memory_limit else ""
    if whole:
        return f"it was killed because it reached its memory limit{limit} ({_times(whole, now)})"
    victims = "a process in it was killed" if len(recent) == 1 else "processes in it were killed"
    return f"{victims} because it reached its memory limit{limit} ({_times([at for at, _ in recent], now)})"


def with_kills(judged: Judgement, engine: EngineState, now: float) -> Judgement:
    """The judgement, and in its reason the kills of the last hour. They change no verdict: it may run well since."""
    text = kills(engine, now)
    return replace(judged, reason=f"{judged.reason}; {text}") if text else judged


def _times(at: list[float], now: float) -> str:
    if len(at) == 1:
        return f"{words.duration(now - at[0])} ago"
    return f"{words.number(len(at))} times in the last hour"
