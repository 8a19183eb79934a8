"""Compiled templates: kept beside the templates, never older than the code, never needed."""

from __future__ import annotations

from pathlib import Path

import jinja2
import pytest

from manage.render.compiled import Compiled


def shouting(template: Path, code: Path, shout: object) -> str:
    """`template` rendered by an environment with the filter `shout`, whose code is in `code`."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(template.parent),
        bytecode_cache=Compiled(template.parent / "compiled", (code,)),
    )
    environment.filters["shout"] = shout
    return environment.get_template(template.name).render()


@pytest.fixture
def template(tmp_path: Path) -> Path:
    path = tmp_path / "a.j2"
    path.write_text("{{ 'now' | shout }}")
    return path


def test_changed_code_behind_a_filter_compiles_the_template_again(template: Path, tmp_path: Path) -> None:
    code = tmp_path / "filters.py"
    code.write_text("upper")
    assert shouting(template, code, str.upper) == "NOW"
    assert shouting(template, code, str.title) == "NOW", "the compiled template is used"
    code.write_text("title")
    assert shouting(template, code, str.title) == "Now"


def test_a_changed_template_is_compiled_again(template: Path) -> None:
    assert shouting(template, template, str.upper) == "NOW"
    template.write_text("{{ 'then' | shout }}")
    assert shouting(template, template, str.upper) == "THEN"


def test_a_folder_that_cannot_be_written_is_no_fault(template: Path) -> None:
    (template.parent / "compiled").write_text("a file in its place")
    assert shouting(template, template, str.upper) == "NOW"
