"""metrics: samples in the text format of Prometheus meet the rules.

Format: version 0.0.4, prometheus.io/docs/instrumenting/exposition_formats. Other lines than those that a rule asks for
are skipped unread.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterator, Mapping

from manage.health import fetch
from manage.health.drivers import Memory, ProbeFault, Target
from manage.health.facts import value
from manage.health.model import EngineState, Fact, Judgement
from manage.health.rules import Measurement, Rule, facts_of, judge_by_rules, rules_of

_LABEL = re.compile(r'\s*([a-zA-Z_][a-zA-Z0-9_]*)\s*=\s*"((?:[^"\\]|\\.)*)"\s*(,|(?=}))')
_ESCAPES = {r"\\": "\\", r"\"": '"', r"\n": "\n"}


async def probe(target: Target, _memory: Memory) -> tuple[Fact, ...]:
    answer = await fetch.get(target.endpoint(target.options["port"]), target.options["path"], "text/plain")
    if answer.status != 200:
        raise ProbeFault(f"{target.options['path']} answers HTTP {answer.status}")
    at = time.time()
    facts = [Fact("answer_ms", round(answer.took_ms, 1), at, "ms")]
    text = answer.body.decode("utf-8", "replace")
    for rule in rules_of(target):
        facts += facts_of(rule, measure(text, rule), at)
    return tuple(facts)


def measure(text: str, rule: Rule) -> Measurement:
    """The sample that decides a rule: the first that fails, else the first."""
    metric, labels = rule.measured["metric"], rule.measured.get("labels", {})
    found = [sample for has, sample in samples(text, metric) if labels.items() <= has.items()]
    if not found:
        chosen = ",".join(f"{name}={wanted}" for name, wanted in labels.items())
        return Measurement(None, f"there is no metric {metric}" + (f" with {chosen}" if chosen else ""))
    return Measurement(next((sample for sample in found if not rule.holds(sample)), found[0]))


def samples(text: str, metric: str) -> Iterator[tuple[Mapping[str, str], float]]:
    """(labels, value) of each sample of a metric. Raises ProbeFault for a line of it that is not in the format."""
    for line in text.splitlines():
        rest = line.removeprefix(metric)
        if rest == line or rest[:1] not in ("{", " ", "\t"):
            continue
        try:
            labels, rest = _labels(rest)
            yield labels, float(rest.split()[0])
        except (ValueError, IndexError) as fault:
            raise ProbeFault(f"this line of its metrics cannot be read: {line[:80]}") from fault


def _labels(text: str) -> tuple[dict[str, str], str]:
    """Labels in braces, and what follows them. ValueError when the braces are not closed."""
    labels: dict[str, str] = {}
    if not text.startswith("{"):
        return labels, text
    at = 1
    while match := _LABEL.match(text, at):
        labels[match[1]] = re.sub(r'\\[\\"n]', lambda escape: _ESCAPES[escape[0]], match[2])
        at = match.end()
    rest = text[at:].lstrip()
    if not rest.startswith("}"):
        raise ValueError("labels without an end")
    return labels, rest[1:]


def judge(target: Target, facts: tuple[Fact, ...], engine: EngineState, now: float) -> Judgement:
    answers = f"serves metrics in {value(facts, 'answer_ms'):g} ms"
    return judge_by_rules(target, facts, engine, now, own="metrics", answers=answers)
