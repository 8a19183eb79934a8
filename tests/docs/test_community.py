"""The files for contributors: they parse, they point at what exists, and what runs code is pinned."""

from __future__ import annotations

import fnmatch
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from manage.docs.registry import DOCUMENTS

CHECKOUT = Path(__file__).resolve().parents[2]
PAGES = ("CONTRIBUTING.md", "SECURITY.md", "GOVERNANCE.md", "CODE_OF_CONDUCT.md", "CHANGELOG.md")
TERMS = "profile service stack installation plan operation receipt verdict gate probe driver relation revision"
FIRST_RUN = "python3 -m venv .venv && .venv/bin/pip install -e '.[dev]' && .venv/bin/pytest"


def document(name: str) -> Any:
    return yaml.safe_load((CHECKOUT / name).read_text(encoding="utf-8"))


@pytest.mark.parametrize("name", PAGES)
def test_the_readme_links_every_page(name: str) -> None:
    assert f"]({name})" in (CHECKOUT / "README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", ["README.md", *PAGES])
def test_links_lead_somewhere(name: str) -> None:
    for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", (CHECKOUT / name).read_text(encoding="utf-8")):
        assert (CHECKOUT / target).exists(), f"{name} links to {target}, which does not exist"


def test_contributing_begins_with_the_one_command_and_explains_the_terms() -> None:
    text = (CHECKOUT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    assert FIRST_RUN in text
    glossary = text.partition("## Glossary")[2]
    terms = re.findall(r"^\| ([a-z ]+) \|", glossary, re.MULTILINE)[1:]
    assert terms == sorted(terms)
    assert {*TERMS.split(), "spec digest"} <= set(terms)


def test_the_workflow_pins_actions_by_commit_and_runs_what_is_documented() -> None:
    text = (CHECKOUT / ".github/workflows/test.yml").read_text(encoding="utf-8")
    actions = re.findall(r"uses: (\S+)", text)
    assert actions
    assert all(re.fullmatch(r"[\w-]+/[\w-]+@[0-9a-f]{40}", action) for action in actions), actions
    for command in FIRST_RUN.split(" && "):
        assert command in text, f"the workflow does not run {command}"
    assert "tests/run" in text
    assert document(".github/workflows/test.yml")["permissions"] == {"contents": "read"}


@pytest.mark.parametrize("name", ["bug.yml", "feature.yml"])
def test_issue_forms_have_what_github_requires(name: str) -> None:
    form = document(f".github/ISSUE_TEMPLATE/{name}")
    assert form["name"] and form["description"]
    inputs = [field for field in form["body"] if field["type"] != "markdown"]
    assert all(field["attributes"]["label"] for field in inputs)
    assert len({field["id"] for field in inputs}) == len(inputs)
    assert any(field.get("validations", {}).get("required") for field in inputs)


def test_hooks_run_tools_of_the_environment_only() -> None:
    for repository in document(".pre-commit-config.yaml")["repos"]:
        assert repository["repo"] == "local"
        for hook in repository["hooks"]:
            assert hook["language"] == "system"
            assert hook["entry"].startswith(".venv/bin/"), hook["entry"]
            assert (Path(sys.executable).parent / Path(hook["entry"].split()[0]).name).exists(), hook["entry"]


def test_a_hook_that_runs_a_module_of_ours_runs_a_program() -> None:
    entries = [
        hook["entry"] for repository in document(".pre-commit-config.yaml")["repos"] for hook in repository["hooks"]
    ]
    modules = [entry.split()[2] for entry in entries if " -m manage." in entry]
    assert modules
    for module in modules:
        argv = [sys.executable, "-m", module, "--help"]
        assert "usage:" in subprocess.run(argv, cwd=CHECKOUT, capture_output=True, text=True, check=True).stdout, module


def test_generated_files_are_marked() -> None:
    patterns = re.findall(r"^(\S+) linguist-generated$", (CHECKOUT / ".gitattributes").read_text(), re.MULTILINE)
    partly = {"docs/architecture.md"}
    pages = {page.path for page in DOCUMENTS if not page.path.endswith("/")} - partly
    for name in (*sorted(pages), "compose/sandbox.yml", "docs/services/kaspad.md", "requirements/dev.txt"):
        assert (CHECKOUT / name).exists(), name
        assert any(fnmatch.fnmatch(name, pattern) for pattern in patterns), f"{name} is generated and not marked"


def test_pytest_without_arguments_asks_neither_for_root_nor_for_the_engine() -> None:
    marked = subprocess.run(
        [sys.executable, "-m", "pytest", "--collect-only", "-q", "tests/engine"],
        cwd=CHECKOUT,
        env={"PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert re.search(r"no tests collected \(\d+ deselected\)", marked.stdout), marked.stdout[-500:]
