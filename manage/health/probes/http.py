"""http: one path answers with the expected status code, and fields of its JSON document meet the rules."""

from __future__ import annotations

import time
from typing import Any

from manage.health import fetch
from manage.health.drivers import Memory, Target
from manage.health.facts import value
from manage.health.model import EngineState, Fact, Judgement
from manage.health.rules import Measurement, facts_of, judge_by_rules, no_rule_holds, rules_of


async def probe(target: Target, _memory: Memory) -> tuple[Fact, ...]:
    """One GET. The body is read as JSON only when there are rules and the status code is the expected one."""
    answer = await fetch.get(target.endpoint(target.options["port"]), target.options["path"])
    at, rules = time.time(), rules_of(target)
    facts = [Fact("http_status", answer.status, at), Fact("answer_ms", round(answer.took_ms, 1), at, "ms")]
    if rules and answer.status == target.options["status"]:
        document = answer.document()
        for rule in rules:
            facts += facts_of(rule, measure(document, rule.measured["field"]), at)
    return tuple(facts)


def measure(document: Any, field: str) -> Measurement:
    """The value at `a.b.0` in a JSON document; objects and lists are not values."""
    found = document
    for part in field.split("."):
        if isinstance(found, dict) and part in found:
            found = found[part]
        elif isinstance(found, list) and part.isascii() and part.isdigit() and int(part) < len(found):
            found = found[int(part)]
        else:
            return Measurement(None, f"the answer has no field {field}")
    if isinstance(found, dict | list):
        return Measurement(None, f"the field {field} is not a single value")
    return Measurement(found)


def judge(target: Target, facts: tuple[Fact, ...], engine: EngineState, now: float) -> Judgement:
    status, expected = value(facts, "http_status"), target.options["status"]
    if status != expected:
        wanted = "" if expected == 200 else f", not {expected}"
        reason = f"{target.options['path']} answers HTTP {status}{wanted}"
        return Judgement("degraded", reason, {"http": False, **no_rule_holds(target)}, headline="answers with an error")
    return judge_by_rules(
        target, facts, engine, now, own="http", answers=f"answers in {value(facts, 'answer_ms'):g} ms"
    )
