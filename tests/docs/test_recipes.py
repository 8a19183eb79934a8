"""The recipes of CONTRIBUTING.md, followed step by step in a copy of the repository.

A step is a line that begins with "Create `FILE`", "Replace `FILE`", "After the line `LINE` in `FILE`" or "Before the
line ...", and the code block below it; the commands of a block of `sh` run in the copy. To test another recipe, add its
title to RECIPES.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest
import yaml

pytestmark = pytest.mark.recipe
CHECKOUT = Path(__file__).resolve().parents[2]
RECIPES = ("a CLI verb", "a health driver", "a simulator method", "a service", "a dashboard page")
COPIED = (
    "compose",
    "docs",
    "images",
    "install",
    "manage",
    "profiles",
    "requirements",
    "services",
    "templates",
    "tests",
)
COMMANDS = {"python": "", "pytest": "-m pytest", "manage": "-m manage.cli.main", "ruff": "-m ruff"}
"""Commands of an active environment, and how the interpreter of this test runs them."""
STEP = re.compile(r"^(?:(Create|Replace)|(After|Before) the line `([^`]+)` in) `([^`]+)`")


@dataclass(frozen=True)
class Step:
    """A code block and the place that the text above it names; `file` is empty for commands."""

    action: str
    """Create, Replace, After or Before."""
    line: str
    file: str
    code: str


def steps(title: str) -> Iterator[Step]:
    text = (CHECKOUT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    _, found, rest = text.partition(f"### Recipe: {title}\n")
    assert found, f"CONTRIBUTING.md has no recipe for {title}"
    section = re.split(r"^(?:### Recipe: |## Glossary$)", rest, maxsplit=1, flags=re.MULTILINE)[0]
    blocks = re.findall(r"^([^\n`][^\n]*)\n\n```(\w+)\n(.*?)^```$", section, re.MULTILINE | re.DOTALL)
    assert len(blocks) * 2 == section.count("\n```"), f"{title}: a code block has no text above it"
    for above, language, code in blocks:
        if language == "sh":
            yield Step("", "", "", code)
            continue
        named = STEP.match(above)
        assert named, f"{title}: the text above a code block names no file: {above}"
        yield Step(named[1] or named[2], named[3] or "", named[4], code)


def take(step: Step, copy: Path) -> None:
    """Do what the step says to a file."""
    path = copy / step.file
    if not step.line:
        assert path.exists() == (step.action == "Replace"), f"{step.action} {step.file}: exists: {path.exists()}"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(step.code, encoding="utf-8")
        return
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    places = [number for number, line in enumerate(lines) if line.rstrip("\n") == step.line]
    assert len(places) == 1, f"{step.file} has the line {step.line!r} {len(places)} times"
    at = places[0] + (step.action == "After")
    apart = "" if step.code.startswith(" ") else "\n\n"  # between two definitions of a module
    path.write_text("".join([*lines[:at], step.code, apart, *lines[at:]]), encoding="utf-8")


def run(command: str, copy: Path) -> str:
    environment = {
        **os.environ,
        "PATH": f"{copy / 'bin'}:{os.environ['PATH']}",
        "PYTHONPATH": f"{copy}:{copy / 'services'}",
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTEST_ADDOPTS": "",
    }
    done = subprocess.run(
        ["bash", "-euc", command], cwd=copy, env=environment, capture_output=True, text=True, timeout=300, check=False
    )
    assert done.returncode == 0, f"{command} ended with {done.returncode}:\n{(done.stdout + done.stderr)[-3000:]}"
    return done.stdout


@dataclass(frozen=True)
class Followed:
    """A copy of the repository after a recipe."""

    copy: Path
    printed: str
    """The commands and what they printed."""


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    return copied(tmp_path / "copy")


@pytest.fixture(scope="module")
def followed(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Followed]:
    """Follows each recipe once: `followed(title)`. What a test changes in that copy, no other test reads."""

    @cache
    def once(title: str) -> Followed:
        copy = copied(tmp_path_factory.mktemp("recipe") / "copy")
        return Followed(copy, follow(title, copy))

    return once


def copied(target: Path) -> Path:
    """The repository without its recordings, and the commands of an active environment in `bin`."""
    ignored = shutil.ignore_patterns("__pycache__", ".cache", "data", "node_modules")
    for folder in COPIED:
        shutil.copytree(CHECKOUT / folder, target / folder, ignore=ignored, symlinks=True)
    (target / "tests" / "data").symlink_to(CHECKOUT / "tests" / "data")
    for name in (*(path.name for path in CHECKOUT.glob("*.md")), "pyproject.toml", "install.sh", "LICENSE"):
        shutil.copy(CHECKOUT / name, target)
    (target / "bin").mkdir()
    for name, module in COMMANDS.items():
        script = target / "bin" / name
        script.write_text(f'#!/bin/sh\nexec "{sys.executable}" {module} "$@"\n', encoding="utf-8")
        script.chmod(0o755)
    return target


def follow(title: str, copy: Path) -> str:
    """Take every step; returns the commands and what they printed."""
    printed = ""
    for step in steps(title):
        if step.file:
            take(step, copy)
        else:
            printed += step.code + run(step.code, copy)
    return printed


@pytest.mark.promise("Every recipe in CONTRIBUTING.md works as it is written", runs="ci")
@pytest.mark.parametrize("title", RECIPES)
def test_a_recipe_works_as_it_is_written_and_its_test_needs_it(
    title: str, copy: Path, followed: Callable[[str], Followed]
) -> None:
    written = list(steps(title))
    tests = [step for step in written if Path(step.file).name.startswith("test_") and not step.line]
    assert tests, f"{title}: the recipe adds no test"
    for step in tests:
        take(step, copy)
        with pytest.raises(AssertionError, match=r"ended with [12]:"):
            run(f"pytest -q {step.file}", copy)
        (copy / step.file).unlink()
    done = followed(title)
    assert any("pytest" in step.code for step in written if not step.file), f"{title}: the recipe runs no test"
    assert " passed" in done.printed
    files = " ".join(dict.fromkeys(step.file for step in written if step.file.endswith(".py")))
    run(f"ruff check {files} && ruff format --check {files}", done.copy)


@pytest.mark.promise("A shipped service is added as a folder and a line in a profile", runs="ci")
def test_the_service_of_the_recipe_is_rendered_documented_and_checked(followed: Callable[[str], Followed]) -> None:
    done = followed("a service")
    copy = done.copy
    assert "memcached is complete." in done.printed
    rendered = yaml.safe_load((copy / "compose/sandbox.yml").read_text(encoding="utf-8"))["services"]["memcached"]
    assert rendered["command"] == ["--port=11211", "--conn-limit=256", "--memory-limit=48"]
    assert rendered["cap_drop"] == ["ALL"]
    assert (copy / "docs/services/memcached.md").exists()
    assert "services.memcached.connections" in (copy / "docs/config.md").read_text(encoding="utf-8")
    template = copy / "profiles/services/memcached/compose.yml.j2"
    template.write_text(
        f"{template.read_text(encoding='utf-8')}\n{{% block powers %}}\nprivileged: true\n{{% endblock %}}\n"
    )
    with pytest.raises(AssertionError, match="memcached deviates from the hardening preset"):
        run("manage services check memcached", copy)


@pytest.mark.promise("A page of the dashboard is added as a folder and a line in the list", runs="ci")
def test_the_page_of_the_recipe_touches_its_folder_and_one_line(followed: Callable[[str], Followed]) -> None:
    before = contents(CHECKOUT / "manage")
    after = contents(followed("a dashboard page").copy / "manage")
    changed = {path for path in after if after[path] != before.get(path)}
    assert {path for path in changed if "pages/counts/" not in path} == {"web/pages/__init__.py"}
    line = set(after["web/pages/__init__.py"].splitlines()) - set(before["web/pages/__init__.py"].splitlines())
    assert len(line) == 1


def contents(folder: Path) -> dict[str, str]:
    """Text of each source file below `folder` by its path there."""
    kinds = (".py", ".html", ".css", ".js", ".yml")
    return {
        str(path.relative_to(folder)): path.read_text(encoding="utf-8")
        for path in folder.rglob("*")
        if path.suffix in kinds
    }
