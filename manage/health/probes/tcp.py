"""tcp: a port accepts connections. It says nothing about what the service does with them."""

from __future__ import annotations

import time

from manage.health import fetch
from manage.health.drivers import Memory, Target
from manage.health.facts import value
from manage.health.model import EngineState, Fact, Judgement


async def probe(target: Target, _memory: Memory) -> tuple[Fact, ...]:
    began = time.monotonic()
    async with fetch.connection(target.endpoint(target.options["port"])):
        took_ms = (time.monotonic() - began) * 1000
    return (Fact("answer_ms", round(took_ms, 1), time.time(), "ms"),)


def judge(_target: Target, facts: tuple[Fact, ...], _engine: EngineState, _now: float) -> Judgement:
    return Judgement("healthy", f"accepts connections in {value(facts, 'answer_ms'):g} ms", {"tcp": True})
