"""The declaration of each driver and its code hold together, in both directions."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from manage.catalog.drivers import read
from manage.catalog.drivers.options import offered_checks
from manage.errors import NodeyardError
from manage.health import verdict
from tests.manage.health import cases

PROBES = read.FOLDER
SHARED = (Path(verdict.__file__), PROBES.parent / "rules.py")
"""Code that reads thresholds or options for the drivers."""


def sources(driver: str) -> list[ast.Module]:
    folder = PROBES / driver
    paths = sorted(folder.glob("*.py")) if folder.is_dir() else [PROBES / f"{driver}.py"]
    return [ast.parse(path.read_text()) for path in paths]


def subscripts(trees: list[ast.Module], attribute: str, also: str = "") -> set[str]:
    """The keys in `target.<attribute>["key"]` and, for a local name, `<also>["key"]`; fails for any other access."""
    found = set()
    for tree in trees:
        for node in ast.walk(tree):
            if isinstance(node, ast.Subscript) and isinstance(node.slice, ast.Constant):
                value = node.value
                if isinstance(value, ast.Attribute) and value.attr == attribute:
                    found.add(str(node.slice.value))
                if isinstance(value, ast.Name) and value.id == also:
                    found.add(str(node.slice.value))
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "get":
                held = node.func.value
                assert not (isinstance(held, ast.Attribute) and held.attr == attribute), "no fallbacks in code"
    return found


def literal_checks(trees: list[ast.Module]) -> Iterator[str]:
    """Patterns of the keys of every dictionary of checks in the code: literals {str: bool} in `checks` positions."""
    for tree in trees:
        for node in ast.walk(tree):
            literals: list[ast.expr] = []
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
                literals += node.args[2:3] if node.func.id == "Judgement" else []
                literals += [keyword.value for keyword in node.keywords if keyword.arg == "checks"]
                if node.func.id == "judge_by_rules":
                    own = [keyword.value for keyword in node.keywords if keyword.arg == "own"]
                    yield from (str(each.value) for each in own if isinstance(each, ast.Constant))
            if isinstance(node, ast.Assign) and any(isinstance(t, ast.Name) and t.id == "checks" for t in node.targets):
                literals.append(node.value)
            for literal in literals:
                if isinstance(literal, ast.Dict):
                    yield from _keys(literal)


def _keys(literal: ast.Dict) -> Iterator[str]:
    for key, value in zip(literal.keys, literal.values, strict=True):
        if isinstance(key, ast.Constant):
            yield re.escape(str(key.value))
        elif key is None and isinstance(value, ast.DictComp) and isinstance(value.key, ast.JoinedStr):
            parts = value.key.values
            yield "".join(re.escape(str(part.value)) if isinstance(part, ast.Constant) else r"\w+" for part in parts)


@pytest.mark.parametrize("driver", read.drivers())
def test_thresholds_in_code_and_declaration_are_the_same(driver: str) -> None:
    own = set(read.declaration(driver).thresholds) - set(read.declaration("tcp").thresholds)
    assert subscripts(sources(driver), "thresholds") == own


def test_common_thresholds_are_those_of_the_shared_code() -> None:
    shared = subscripts([ast.parse(path.read_text()) for path in SHARED], "thresholds")
    assert shared == set(read.declaration("tcp").thresholds)


@pytest.mark.parametrize("driver", read.drivers())
def test_options_in_code_and_declaration_are_the_same(driver: str) -> None:
    shared = subscripts([ast.parse(SHARED[1].read_text())], "options")
    own = subscripts(sources(driver), "options", also="options")
    declared = set(read.declaration(driver).options)
    assert own <= declared
    assert declared - own <= shared


@pytest.mark.parametrize("driver", read.drivers())
def test_every_check_in_the_code_is_declared_and_every_declared_one_is_in_the_code(driver: str) -> None:
    patterns = set(literal_checks(sources(driver)))
    declared = read.declaration(driver).checks
    assert patterns
    for pattern in patterns:
        assert any(re.fullmatch(pattern, check) for check in declared), pattern
    for check in declared:
        assert any(re.fullmatch(pattern, check) for pattern in patterns), check


@pytest.mark.parametrize("driver", read.drivers())
def test_the_cases_return_every_declared_check_and_no_other(driver: str) -> None:
    seen: dict[str, set[bool]] = {}
    declaration = read.declaration(driver)
    for path in cases.paths():
        case = cases.read(path)
        if case.driver == driver:
            checks = case.judge().checks
            assert set(checks) <= set(offered_checks(declaration, case.target.options)), case.name
            for name, holds in checks.items():
                seen.setdefault(name, set()).add(holds)
    for check in declaration.checks:
        assert True in seen.get(check, set()), f"no case of {driver} fulfils {check}"


def test_every_driver_of_the_code_has_a_declaration() -> None:
    modules = {path.stem for path in PROBES.glob("*.py")} | {path.parent.name for path in PROBES.glob("*/__init__.py")}
    assert modules - {"__init__", "probes"} == set(read.drivers())


def test_a_missing_declaration_is_named_with_its_file() -> None:
    with pytest.raises(NodeyardError) as raised:
        read.declaration("nonsense")
    assert raised.value.hint.endswith("manage/health/probes/nonsense.yml")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("version: 2", "not a declaration of version 1"),
        ("version: 1\nsumary: x", "not a declaration of version 1"),
        ("version: 1\nthresholds: {a: {unit: s, meening: x}}", "unknown key meening"),
        ("version: 1\noptions: {a: {type: text, meaning: x}}", "has the type text"),
        ("version: 1\noptions: {a: {type: rules, meaning: x, compared: {above: number}}}", "compares by"),
        ("version: [", "not YAML"),
    ],
)
def test_a_faulty_declaration_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str, words: str
) -> None:
    monkeypatch.setattr(read, "FOLDER", tmp_path)
    (tmp_path / "common.yml").write_text("version: 1")
    (tmp_path / "mine.yml").write_text(text)
    read.declaration.cache_clear()
    with pytest.raises(NodeyardError, match=words):
        read.declaration("mine")
    read.declaration.cache_clear()
