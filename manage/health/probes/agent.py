"""agent: it has no network port; it counts as alive while it keeps writing `engine.json`."""

from __future__ import annotations

from manage import untrusted, words
from manage.health.drivers import Memory, ProbeFault, Target
from manage.health.facts import current_age, value
from manage.health.model import EngineState, Fact, Judgement


async def probe(target: Target, _memory: Memory) -> tuple[Fact, ...]:
    """Reads the file directly: it has a few kilobytes and lies in memory, so a thread would cost more than it saves."""
    try:
        document = untrusted.parse_json(untrusted.content(target.layout.engine_file))
        as_of, operation = float(document["as_of"]), document.get("operation")
    except FileNotFoundError:
        raise ProbeFault("it has not written engine.json yet") from None
    except OSError as fault:
        raise ProbeFault(f"engine.json cannot be read ({fault.strerror})") from fault
    except (ValueError, KeyError, TypeError) as fault:
        raise ProbeFault("engine.json does not contain a report") from fault
    doing = f"{operation.get('kind')} by {operation.get('by')}" if isinstance(operation, dict) else ""
    return (Fact("engine_read", 0.0, as_of, "s old"), Fact("operation", doing, as_of))


def judge(target: Target, facts: tuple[Fact, ...], _engine: EngineState, now: float) -> Judgement:
    age_s = current_age(facts, "engine_read", now) or 0.0
    if age_s > target.thresholds["max_engine_age_s"]:
        return Judgement(
            "down",
            f"its last report of the engine is {words.duration(age_s)} old",
            {"engine": False},
            headline="does not report",
        )
    doing = value(facts, "operation")
    return Judgement(
        "healthy", f"engine read {words.duration(age_s)} ago" + (f", {doing}" if doing else ""), {"engine": True}
    )
