"""Checking the options that a service.yml sets for its driver. Pure: values in, sentences out."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from manage.catalog.drivers.model import Declaration, Option
from manage.catalog.drivers.pattern import pattern_fault

CHECK_NAME = re.compile(r"[a-z][a-z0-9_]{0,39}")
RESERVED = frozenset({"http_status", "answer_ms", "answer", "container", "restarts", "fault"})
"""Names of facts that rules must not take."""
MAX_RULES = 20
MAX_TEXT = 500
_TYPES: Mapping[str, tuple[str, Callable[[Any], bool]]] = {
    "string": ("a string", lambda value: isinstance(value, str)),
    "pattern": ("a regular expression", lambda value: isinstance(value, str)),
    "integer": ("an integer", lambda value: isinstance(value, int) and not isinstance(value, bool)),
    "number": ("a number", lambda value: isinstance(value, int | float) and not isinstance(value, bool)),
    "boolean": ("true or false", lambda value: isinstance(value, bool)),
    "scalar": ("a number, a string, true or false", lambda value: isinstance(value, int | float | str)),
    "list": ("a list of strings", lambda value: isinstance(value, list) and all(isinstance(v, str) for v in value)),
    "mapping": (
        "a mapping of strings",
        lambda value: isinstance(value, dict) and all(isinstance(text, str) for pair in value.items() for text in pair),
    ),
    "rules": ("a list of rules", lambda value: isinstance(value, list) and all(isinstance(v, dict) for v in value)),
}


def option_problems(declaration: Declaration, given: Mapping[str, Any]) -> list[str]:
    """What is wrong with `given`, one sentence each (without its full stop); [] when nothing is."""
    problems = list(_problems("health.options", declaration.options, given))
    for name, option in declaration.options.items():
        if option.type == "rules" and not problems:
            problems += _rule_problems(f"health.options.{name}", option, given.get(name, option.default), declaration)
    return problems


def option_values(declaration: Declaration, given: Mapping[str, Any]) -> dict[str, Any]:
    """Every option of the driver, with defaults. ValueError with the first problem."""
    problems = option_problems(declaration, given)
    if problems:
        raise ValueError(problems[0])
    return {name: given.get(name, option.default) for name, option in declaration.options.items()}


def threshold_values(declaration: Declaration, given: Mapping[str, Any]) -> dict[str, float]:
    """Every threshold of the driver, with defaults. ValueError for an unknown, missing or non-numeric one."""
    unknown = sorted(set(given) - set(declaration.thresholds))
    if unknown:
        raise ValueError(f"The driver {declaration.driver} has no threshold {unknown[0]}")
    values: dict[str, float] = {}
    for name, threshold in declaration.thresholds.items():
        value = given.get(name, threshold.default)
        if value is None:
            raise ValueError(f"health.thresholds.{name} is required by the driver {declaration.driver}")
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise ValueError(f"health.thresholds.{name} must be a number")
        values[name] = float(value)
    return values


def offered_checks(declaration: Declaration, options: Mapping[str, Any]) -> tuple[str, ...]:
    """The names that other services' `needs` may wait for: the driver's own and those of the rules."""
    rules = [
        str(rule["check"])
        for name, option in declaration.options.items()
        if option.type == "rules"
        for rule in options.get(name, option.default)
    ]
    return (*declaration.checks, *rules)


def _problems(where: str, known: Mapping[str, Option], given: Mapping[str, Any]) -> Iterator[str]:
    for name in given:
        if name not in known:
            yield f"{where}.{name} is not an option; the options are {', '.join(known) or 'none'}"
    for name, option in known.items():
        if name in given:
            yield from _value_problems(f"{where}.{name}", option, given[name])
        elif option.default is None:
            yield f"{where}.{name} is missing: {option.meaning.rstrip('.')}"


def _value_problems(where: str, option: Option, value: Any) -> Iterator[str]:
    expected, fits = _TYPES[option.type]
    if not fits(value):
        yield f"{where} must be {expected}"
        return
    texts = [value] if isinstance(value, str) else value if option.type == "list" else []
    for text in texts:
        if len(text) > MAX_TEXT:
            yield f"{where} is longer than {MAX_TEXT} characters"
        elif option.pattern and not re.fullmatch(option.pattern, text):
            yield f"{where} is {text!r}; it must match {option.pattern}"
    if option.type == "pattern" and (problem := pattern_fault(value)):
        yield f"{where} {problem}"
    if option.minimum is not None and value < option.minimum:
        yield f"{where} must be at least {option.minimum:g}"
    if option.maximum is not None and value > option.maximum:
        yield f"{where} must be at most {option.maximum:g}"


def _rule_problems(where: str, option: Option, rules: list[dict[str, Any]], declaration: Declaration) -> Iterator[str]:
    if len(rules) > MAX_RULES:
        yield f"{where} has {len(rules)} rules; at most {MAX_RULES} are allowed"
    seen: set[str] = set()
    for number, rule in enumerate(rules):
        here = f"{where}[{number}]"
        check, reason = rule.get("check"), rule.get("reason")
        if not isinstance(check, str) or not CHECK_NAME.fullmatch(check):
            yield f"{here}.check must be a name of lower-case letters, digits and underscores"
        elif check in declaration.checks or check in RESERVED or check in seen:
            yield f"{here}.check is {check}, which is already taken; choose another name"
        else:
            seen.add(check)
        if not isinstance(reason, str) or "{value}" not in reason or len(reason) > MAX_TEXT:
            yield f"{here}.reason must be the words for a failed check, with {{value}} where the measured value goes"
        compared = [name for name in option.compared if name in rule]
        if len(compared) != 1:
            yield f"{here} must have exactly one of {', '.join(option.compared)}"
        else:
            expected, fits = _TYPES[option.compared[compared[0]]]
            if not fits(rule[compared[0]]):
                yield f"{here}.{compared[0]} must be {expected}"
        rest = {key: value for key, value in rule.items() if key not in ("check", "reason", *option.compared)}
        yield from _problems(here, option.measured, rest)
