"""A service that is asked for no more than its health route: `GET /health` on its port `http` answers 200."""

from __future__ import annotations

import time

from manage.health import fetch
from manage.health.drivers import Memory, Target
from manage.health.facts import value
from manage.health.model import EngineState, Fact, Judgement


async def probe(target: Target, _memory: Memory) -> tuple[Fact, ...]:
    answer = await fetch.get(target.endpoint("http"), "/health")
    at = time.time()
    return (Fact("http_status", answer.status, at), Fact("answer_ms", round(answer.took_ms, 1), at, "ms"))


def judge(_target: Target, facts: tuple[Fact, ...], _engine: EngineState, _now: float) -> Judgement:
    status = value(facts, "http_status")
    if status != 200:
        return Judgement("degraded", f"/health answers HTTP {status}", headline="answers with an error")
    return Judgement("healthy", f"answers in {value(facts, 'answer_ms'):g} ms", {"http": True})
