"""Rules of the generic drivers: a measured value, a comparison, and the check that other services may wait for."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

from manage import words
from manage.health.drivers import Target, in_startup
from manage.health.facts import value
from manage.health.model import EngineState, Fact, Judgement, VerdictName
from manage.immutable import dataclass

MAX_INTEGER = 1 << 53
SHOWN = 80
"""Characters of a measured text that are kept."""
_COMPARISONS: Mapping[str, Callable[[Any, Any], bool]] = {
    "at_least": lambda measured, limit: measured >= limit,
    "at_most": lambda measured, limit: measured <= limit,
    "equals": lambda measured, wanted: bool(measured == wanted),
}


@dataclass(frozen=True)
class Rule:
    """One rule of a driver: a comparison that fails a check."""

    check: str
    comparison: str
    operand: float | str | bool
    reason: str
    """Shown when the check fails; `{value}` stands for the measured value and `{limit}` for the operand."""
    measured: Mapping[str, Any]
    """What the driver measures for it, in the driver's own keys."""

    def holds(self, measured: Any) -> bool:
        """Whether a measured value meets the condition. Types must agree: "1", 1 and true are three values."""
        if _kind(measured) != _kind(self.operand):
            return False
        return _COMPARISONS[self.comparison](measured, self.operand)


@dataclass(frozen=True)
class Measurement:
    """One measured value, or the reason why there is none."""

    value: float | str | bool | None
    fault: str = ""


def rules_of(target: Target) -> tuple[Rule, ...]:
    """The rules in the target's options, which `manage.catalog.drivers.options` has checked."""
    found = []
    for entry in target.options["rules"]:
        comparison = next(name for name in _COMPARISONS if name in entry)
        measured = {key: item for key, item in entry.items() if key not in ("check", "reason", comparison)}
        found.append(Rule(entry["check"], comparison, entry[comparison], entry["reason"], measured))
    return tuple(found)


def facts_of(rule: Rule, measurement: Measurement, at: float) -> tuple[Fact, ...]:
    """A fact with the name of the rule's check, and one with the fault if there is one."""
    measured = Fact(rule.check, plain(measurement.value), at)
    return (measured, Fact(f"{rule.check}_fault", measurement.fault, at)) if measurement.fault else (measured,)


def judge_by_rules(
    target: Target, facts: tuple[Fact, ...], engine: EngineState, now: float, *, own: str, answers: str
) -> Judgement:
    """The verdict of a service that answers. `own` is the driver's own check; `answers` says how it answers."""
    rules = rules_of(target)
    failed = [rule for rule in rules if not rule.holds(value(facts, rule.check))]
    checks = {own: True, **{rule.check: rule not in failed for rule in rules}}
    if failed:
        reason = "; ".join(_reason(rule, facts) for rule in failed)
        verdict = failing_verdict(target, engine, now)
        return Judgement(verdict, reason, checks, headline=f"fails {words.plural(len(failed), 'check')}")
    held = f", {words.plural(len(rules), 'rule holds', 'rules hold')}" if rules else ""
    return Judgement("healthy", f"{answers}{held}", checks)


def failing_verdict(target: Target, engine: EngineState, now: float) -> VerdictName:
    """What a failed check means: the service may still be starting."""
    return "starting" if in_startup(target, engine, now) else "degraded"


def no_rule_holds(target: Target) -> dict[str, bool]:
    """The checks of the rules while nothing can be measured."""
    return {rule.check: False for rule in rules_of(target)}


def plain(measured: Any) -> float | str | bool | None:
    """A measured value as JSON can carry it: texts shortened and printable, NaN, infinity and what
    SQLite cannot hold as texts."""
    if isinstance(measured, float) and not math.isfinite(measured):
        return str(measured)
    if isinstance(measured, int) and abs(measured) > MAX_INTEGER:
        measured = f"a number of more than {len(str(MAX_INTEGER))} digits"
    return words.printable(measured[:SHOWN]) if isinstance(measured, str) else measured


def _reason(rule: Rule, facts: tuple[Fact, ...]) -> str:
    fault = value(facts, f"{rule.check}_fault")
    if fault:
        return f"{rule.check}: {fault}"
    shown = rule.reason.replace("{limit}", _shown(rule.operand))
    return shown.replace("{value}", _shown(value(facts, rule.check)))


def _shown(measured: Any) -> str:
    if measured is None:
        return "nothing"
    if isinstance(measured, bool):
        return "true" if measured else "false"
    if isinstance(measured, int | float):
        return words.number(int(measured)) if measured == int(measured) else words.decimal(measured, 4)
    return str(measured)


def _kind(measured: Any) -> type:
    if isinstance(measured, bool) or not isinstance(measured, int | float):
        return type(measured)
    return float
