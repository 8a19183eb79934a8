"""watch: asks itself over its own socket, as the dashboard does."""

from __future__ import annotations

import asyncio
import time

from manage import untrusted, words
from manage.health.drivers import Memory, ProbeFault, Target
from manage.health.facts import value
from manage.health.model import EngineState, Fact, Judgement


async def probe(target: Target, _memory: Memory) -> tuple[Fact, ...]:
    """`{"verb": "status"}` -> `{"services", "late_s", "history_fault", "memory_bytes"}`."""
    try:
        reader, writer = await asyncio.open_unix_connection(str(target.layout.watch_socket))
    except OSError as fault:
        raise ProbeFault(f"its socket does not answer ({fault.strerror or fault})") from fault
    try:
        writer.write(b'{"verb": "status"}\n')
        status = untrusted.parse_json(await reader.readline())
    except (OSError, ValueError) as fault:
        raise ProbeFault("its socket does not answer with a JSON line") from fault
    finally:
        writer.close()
    at = time.time()
    return (
        Fact("services", int(status["services"]), at),
        Fact("late", round(float(status["late_s"]), 3), at, "s"),
        Fact("history_fault", str(status["history_fault"]), at),
        Fact("memory_bytes", int(status["memory_bytes"]), at, "bytes"),
    )


def judge(target: Target, facts: tuple[Fact, ...], _engine: EngineState, _now: float) -> Judgement:
    late_s, fault = float(value(facts, "late")), value(facts, "history_fault")
    if fault:
        return Judgement(
            "degraded", f"the history is not kept: {fault}", {"snapshot": False}, headline="keeps no history"
        )
    if late_s > target.thresholds["max_late_s"]:
        return Judgement(
            "degraded",
            f"a snapshot of the last minute was {words.duration(late_s)} late",
            {"snapshot": False},
            headline="is late",
        )
    return Judgement(
        "healthy", f"{words.plural(value(facts, 'services'), 'service')} watched, history kept", {"snapshot": True}
    )
