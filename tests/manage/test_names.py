"""A call reads `ensure.images(...)`, not `ensure.ensure(...)`."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from manage.installation.layout import CHECKOUT

ENTRY_POINT = "main"
"""The usual name of a program's function, also in a module `main` or `__main__`."""


def functions(folder: Path) -> Iterator[tuple[str, str, str]]:
    """(module, function, file) of every function at the top of a module below `folder`."""
    for path in sorted(folder.rglob("*.py")):
        module = path.parent.name if path.name == "__init__.py" else path.stem
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                yield module, node.name, str(path.relative_to(folder.parent))


def _letters(name: str) -> str:
    return name.replace("_", "").lower()


def stuttering(folder: Path) -> list[str]:
    return [
        f"{file}: {function}"
        for module, function, file in functions(folder)
        if not function.startswith("_") and function != ENTRY_POINT and _letters(function) == _letters(module)
    ]


def with_trailing_underscore(folder: Path) -> list[str]:
    return [f"{file}: {function}" for _, function, file in functions(folder) if function.endswith("_")]


@pytest.mark.promise("No public function has the name of its module", runs="ci")
@pytest.mark.parametrize("folder", ["manage", "services"])
def test_no_public_function_has_the_name_of_its_module(folder: str) -> None:
    assert stuttering(CHECKOUT / folder) == []


@pytest.mark.parametrize("folder", ["manage", "services"])
def test_no_function_needs_a_trailing_underscore(folder: str) -> None:
    assert with_trailing_underscore(CHECKOUT / folder) == []


@pytest.mark.parametrize("file", ["up.py", "up/__init__.py", "u_p.py"])
def test_a_function_with_the_name_of_its_module_is_found(tmp_path: Path, file: str) -> None:
    module = tmp_path / "manage" / file
    module.parent.mkdir(parents=True)
    module.write_text("def up() -> None: ...\ndef _up() -> None: ...\nclass Up: ...\ndef main() -> None: ...\n")
    assert stuttering(tmp_path / "manage") == [f"manage/{file}: up"]
    assert with_trailing_underscore(tmp_path / "manage") == []
