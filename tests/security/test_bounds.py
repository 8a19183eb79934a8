"""The bounds of JSON and YAML: depth, size and what aliases stand for."""

from __future__ import annotations

import json

import pytest
import yaml

from manage import bounded_yaml, untrusted
from manage.bounded_yaml import MAX_DEPTH
from tests.stage.deadlines import within


@pytest.mark.parametrize("brackets", ["[]", ('{"a":', "}")], ids=["lists", "objects"])
def test_json_has_a_depth(brackets: tuple[str, str]) -> None:
    opening, closing = brackets

    def nested(depth: int) -> str:
        return opening * depth + ("1" if closing == "}" else "") + closing * depth

    untrusted.parse_json(nested(untrusted.MAX_DEPTH))
    for depth in (untrusted.MAX_DEPTH + 1, 900, 100_000):
        with pytest.raises(ValueError, match="nested too deeply"):
            untrusted.parse_json(nested(depth))


@pytest.mark.parametrize(
    "text", ["", "{", "NaN", "[Infinity]", "1" * 5000, b"\xff", b"x" * 20, "1e400", "[-1e21]", "1" + "0" * 21]
)
def test_what_is_not_json_is_a_value_error(text: str | bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        untrusted.parse_json(text, most=4000)


def test_numbers_of_machines_and_chains_are_read() -> None:
    largest = [2**64, -(2**63), 28_700_000_000 * 10**8, 1.7976e20]
    assert untrusted.parse_json(json.dumps(largest)) == largest


def chain(length: int, uses: int) -> str:
    """Each line stands for `uses` times the one before it."""
    lines = [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * uses)}]" for n in range(1, length)]
    return "\n".join(["a0: &a0 [x, x]", *lines])


BEYOND = {
    "lists": "[" * 100_000,
    "sequences": "- " * 100_000,
    "doubled": chain(30, 2),
    "ninefold": chain(12, 9),
    "deep by aliases": chain(200, 1),
    "of itself": "a: &a [*a]",
    "of itself below": "a: &a {b: [*a]}",
    "large": "- x\n" * 300_000,
}


@pytest.mark.promise("YAML is bounded in depth and size, with what its aliases stand for", runs="ci")
@pytest.mark.parametrize("kind", BEYOND)
def test_yaml_beyond_the_bounds_is_refused(kind: str) -> None:
    with pytest.raises(yaml.YAMLError, match=r"too large or nested too deeply|stands for itself"):
        within(10, lambda: bounded_yaml.require_bounded(BEYOND[kind]))


def test_a_few_aliases_are_permitted() -> None:
    text = "base: &base {memory: 1g}\none: *base\ntwo: {<<: *base}\n"
    assert bounded_yaml.load(text, aliases=True) == {
        "base": {"memory": "1g"},
        "one": {"memory": "1g"},
        "two": {"memory": "1g"},
    }
    with pytest.raises(yaml.YAMLError, match="alias is not allowed"):
        bounded_yaml.load(text)
    bounded_yaml.require_bounded("[" * MAX_DEPTH + "]" * MAX_DEPTH)
