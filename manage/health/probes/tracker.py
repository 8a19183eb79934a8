"""tracker: what its own `/ready` answers, including the reason and the dependency that it names."""

from __future__ import annotations

import time

from manage import words
from manage.health import fetch
from manage.health.drivers import Memory, Target, in_startup
from manage.health.facts import AGE, current_age, value
from manage.health.model import EngineState, Fact, Judgement


async def probe(target: Target, _memory: Memory) -> tuple[Fact, ...]:
    """`GET /ready`: 200 or 503: `{"ready", "reason", "waits_for", "followed", "unreadable", "last_event_age_s"}`."""
    answer = await fetch.get(target.endpoint("http"), "/ready")
    document, at = answer.document(), time.time()
    facts = [
        Fact("ready", answer.status == 200 and bool(document.get("ready", True)), at),
        Fact("reason", str(document.get("reason") or f"HTTP {answer.status}"), at),
        Fact("waits_for", [str(name) for name in document.get("waits_for") or ()], at),
        Fact("answer_ms", round(answer.took_ms, 1), at, "ms"),
    ]
    if isinstance(document.get("followed"), int):
        facts.append(Fact("followed", document["followed"], at))
    if isinstance(document.get("unreadable"), int):
        facts.append(Fact("unreadable", document["unreadable"], at))
    if isinstance(document.get("last_event_age_s"), int | float):
        facts.append(Fact("last_event", float(document["last_event_age_s"]), at, AGE))
    return tuple(facts)


def judge(target: Target, facts: tuple[Fact, ...], engine: EngineState, now: float) -> Judgement:
    if not value(facts, "ready"):
        return Judgement(
            "starting" if in_startup(target, engine, now) else "degraded",
            f"not ready: {value(facts, 'reason')}",
            {"ready": False},
            waits_for=tuple(value(facts, "waits_for")),
            headline="is not ready",
        )
    followed = value(facts, "followed")
    parts = [] if followed is None else [f"{words.plural(followed, 'address', 'addresses')} followed"]
    event_s = current_age(facts, "last_event", now)
    if event_s is not None:
        parts.append(f"last event {words.duration(event_s)} ago")
    if value(facts, "unreadable"):
        parts.append(value(facts, "reason"))
    return Judgement("healthy", ", ".join(parts) or "ready", {"ready": True})
