"""Options and thresholds that a service.yml sets: what is accepted, and what is refused in which words."""

from __future__ import annotations

import re
import time
from typing import Any

import pytest

from manage.catalog.drivers.options import offered_checks, option_problems, option_values, threshold_values
from manage.catalog.drivers.pattern import MAX_REPEATS, pattern_fault
from manage.catalog.drivers.read import declaration

RULE = {"check": "memory", "field": "used", "at_most": 90, "reason": "{value} % used"}


def rule(**changes: Any) -> dict[str, Any]:
    return {key: value for key, value in {**RULE, **changes}.items() if value is not None}


def test_defaults_fill_what_is_not_set() -> None:
    assert option_values(declaration("http"), {}) == {"port": "http", "path": "/health", "status": 200, "rules": []}
    assert threshold_values(declaration("agent"), {"max_silence_s": 5}) == {
        "max_silence_s": 5.0,
        "max_engine_age_s": 10.0,
    }


@pytest.mark.parametrize(
    ("driver", "options", "words"),
    [
        ("tcp", {}, "health.options.port is missing"),
        ("tcp", {"port": 6379}, "health.options.port must be a string"),
        ("tcp", {"port": "redis", "path": "/"}, "health.options.path is not an option; the options are port"),
        ("agent", {"port": "x"}, "the options are none"),
        ("http", {"path": "health"}, "health.options.path is 'health'; it must match"),
        ("http", {"path": "/a b"}, "it must match"),
        ("http", {"path": "/x\r\nHost: y"}, "it must match"),
        ("http", {"path": "/" + "x" * 600}, "is longer than 500 characters"),
        ("http", {"status": True}, "health.options.status must be an integer"),
        ("http", {"status": 99}, "must be at least 100"),
        ("http", {"status": 600}, "must be at most 599"),
        ("http", {"rules": {}}, "health.options.rules must be a list of rules"),
        ("http", {"rules": [rule(check="Memory")]}, "rules[0].check must be a name"),
        ("http", {"rules": [rule(check="http")]}, "check is http, which is already taken"),
        ("http", {"rules": [rule(check="answer_ms")]}, "already taken"),
        ("http", {"rules": [rule(), rule()]}, "rules[1].check is memory, which is already taken"),
        ("http", {"rules": [rule(reason="too much")]}, "rules[0].reason must be the words for a failed check"),
        ("http", {"rules": [rule(at_least=1)]}, "must have exactly one of at_least, at_most, equals"),
        ("http", {"rules": [rule(at_most=None)]}, "must have exactly one of"),
        ("http", {"rules": [rule(at_most="90")]}, "rules[0].at_most must be a number"),
        ("http", {"rules": [rule(at_most=None, equals=[1])]}, "equals must be a number, a string, true or false"),
        ("http", {"rules": [rule(field=None)]}, "rules[0].field is missing"),
        ("http", {"rules": [rule(field="a..b")]}, "it must match"),
        ("http", {"rules": [rule(feild="used")]}, "rules[0].feild is not an option"),
        ("http", {"rules": [rule(check=f"c{n}") for n in range(21)]}, "at most 20 are allowed"),
        (
            "metrics",
            {"rules": [{"check": "up", "metric": "up", "equals": "1", "reason": "{value}"}]},
            "must be a number",
        ),
        ("metrics", {"rules": [{"check": "up", "metric": "a b", "equals": 1, "reason": "{value}"}]}, "it must match"),
        (
            "metrics",
            {"rules": [{"check": "up", "metric": "up", "labels": {"n": 1}, "equals": 1, "reason": "{value}"}]},
            "must be a mapping of strings",
        ),
        ("line", {"port": "redis"}, "health.options.expect is missing"),
        ("line", {"port": "redis", "expect": "(a+)+"}, "health.options.expect repeats a group"),
        ("line", {"port": "redis", "expect": "x", "send": ["A\nB"]}, "it must match"),
        ("line", {"port": "redis", "expect": "x", "send": "PING"}, "must be a list of strings"),
    ],
)
def test_a_wrong_option_is_a_sentence(driver: str, options: dict[str, Any], words: str) -> None:
    problems = option_problems(declaration(driver), options)
    assert any(words in problem for problem in problems), problems
    with pytest.raises(ValueError, match=r"health\.options"):
        option_values(declaration(driver), options)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"max_tipage_s": 5}, "The driver kaspad has no threshold max_tipage_s"),
        ({"min_peers": "1"}, "health.thresholds.min_peers must be a number"),
        ({"min_peers": True}, "health.thresholds.min_peers must be a number"),
    ],
)
def test_a_wrong_threshold_is_a_sentence(given: dict[str, Any], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        threshold_values(declaration("kaspad"), given)


def test_rules_add_their_checks_to_those_of_the_driver() -> None:
    assert offered_checks(declaration("http"), {"rules": [RULE]}) == ("http", "memory")


@pytest.mark.parametrize("pattern", [r"\+PONG", r"\+(PONG|OK)", r"ok .*", r"v\d+\.\d+", r"[a-f0-9]{40}", r"(?i)pong"])
def test_simple_patterns_are_accepted(pattern: str) -> None:
    assert pattern_fault(pattern) == ""


@pytest.mark.parametrize(
    "pattern", ["(a+)+", "(a|a)*", r"(\w)\1", "(?=a)b", "(?<!a)b", "a*b*c*", "[", "a" * 201, "a{300}"]
)
def test_patterns_that_may_take_long_are_refused(pattern: str) -> None:
    assert pattern_fault(pattern)


def test_the_slowest_pattern_that_is_accepted_is_fast_enough() -> None:
    slow = "a*" * MAX_REPEATS + "b"
    assert pattern_fault(slow) == ""
    began = time.thread_time()
    assert re.fullmatch(slow, "a" * 512) is None
    assert time.thread_time() - began < 0.5
