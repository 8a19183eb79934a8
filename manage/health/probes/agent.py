"""agent: it has no network to be asked over; its sign of life is that `engine.json` stays fresh."""

from __future__ import annotations

import json

from manage import words
from manage.health.drivers import Memory, ProbeFault, Target
from manage.health.facts import current_age, value
from manage.health.model import EngineState, Fact, Judgement

MAX_ENGINE_AGE_S = 10.0
"""How old `engine.json` may be before nobody relies on it. Threshold `max_engine_age_s`."""


async def probe(target: Target, _memory: Memory) -> tuple[Fact, ...]:
    """Reads the file of a few kilobytes directly: it lies in memory, and a thread would cost more than it saves."""
    try:
        document = json.loads(target.layout.engine_file.read_bytes())
        as_of, operation = float(document["as_of"]), document.get("operation")
    except FileNotFoundError:
        raise ProbeFault("it has not written engine.json yet") from None
    except OSError as fault:
        raise ProbeFault(f"engine.json cannot be read ({fault.strerror})") from fault
    except (ValueError, KeyError, TypeError) as fault:
        raise ProbeFault("engine.json holds no report") from fault
    doing = f"{operation.get('kind')} by {operation.get('by')}" if isinstance(operation, dict) else ""
    return (Fact("engine_read", 0.0, as_of, "s old"), Fact("operation", doing, as_of))


def judge(target: Target, facts: tuple[Fact, ...], _engine: EngineState, now: float) -> Judgement:
    age_s = current_age(facts, "engine_read", now) or 0.0
    if age_s > target.thresholds.get("max_engine_age_s", MAX_ENGINE_AGE_S):
        return Judgement(
            "down",
            f"its last report of the engine is {words.duration(age_s)} old",
            {"engine": False},
            headline="is silent",
        )
    doing = value(facts, "operation")
    return Judgement(
        "healthy", f"engine read {words.duration(age_s)} ago" + (f", {doing}" if doing else ""), {"engine": True}
    )
