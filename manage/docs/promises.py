"""The promises that tests carry: `@pytest.mark.promise("...", runs="ci")`, read from the source of the tests.

`runs` is `ci` (every run of tests/run), `long` (tests/run --long) or `real` (tests/run --real). `case` names one
parameter set of the test, or the machine of a test in tests/hosts.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from manage.immutable import dataclass

RUNS = ("ci", "long", "real")


@dataclass(frozen=True)
class Promise:
    sentence: str
    runs: str
    file: str
    """The test's file below the checkout."""
    test: str
    line: int
    case: str = ""
    skipped: bool = False
    """The test carries a mark that can keep it from running."""

    @property
    def proof(self) -> str:
        """The test's id, as pytest takes it."""
        return f"{self.file}::{self.test}" + (f"[{self.case}]" if self.case else "")


def collect(checkout: Path) -> list[Promise]:
    """Every promise below tests/, by file and line. ValueError for a marker that cannot be read."""
    return [
        promise
        for file in sorted((checkout / "tests").rglob("test_*.py"))
        for promise in _in_file(file, str(file.relative_to(checkout)))
    ]


def _in_file(file: Path, file_name: str) -> Iterator[Promise]:
    for node in ast.parse(file.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            marks = [mark for each in node.decorator_list if (mark := _mark(each))]
            skipped = any(name in ("skip", "skipif", "xfail") for name, _ in marks)
            for kind, call in marks:
                if kind == "promise":
                    yield _promise(call, Promise("", "", file_name, node.name, node.lineno, skipped=skipped))


def _mark(decorator: ast.expr) -> tuple[str, ast.expr] | None:
    """(name, call) of `@pytest.mark.NAME(...)` or `@pytest.mark.NAME`."""
    function = decorator.func if isinstance(decorator, ast.Call) else decorator
    if isinstance(function, ast.Attribute) and ast.unparse(function.value) == "pytest.mark":
        return function.attr, decorator
    return None


def _promise(call: ast.expr, found: Promise) -> Promise:
    where = f"{found.file}:{call.lineno}"
    if not isinstance(call, ast.Call) or len(call.args) != 1:
        raise ValueError(f"{where}: expected @pytest.mark.promise(SENTENCE, runs=...).")
    try:
        sentence = ast.literal_eval(call.args[0])
        values: dict[str, Any] = {str(each.arg): ast.literal_eval(each.value) for each in call.keywords}
    except ValueError:
        raise ValueError(f"{where}: the arguments of a promise must be plain strings.") from None
    if unknown := set(values) - {"runs", "case"}:
        raise ValueError(f"{where}: unknown argument {', '.join(sorted(unknown))}; a promise has runs and case.")
    if values.get("runs") not in RUNS:
        raise ValueError(f"{where}: runs must be one of {', '.join(RUNS)}.")
    return Promise(
        sentence, values["runs"], found.file, found.test, found.line, values.get("case", ""), skipped=found.skipped
    )
