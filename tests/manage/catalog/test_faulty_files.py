"""Faults of the files beside the services: each is a sentence with file, line and key."""

from __future__ import annotations

from pathlib import Path

import pytest

from manage import config
from manage.catalog import load_catalog
from manage.catalog.document import parse
from manage.catalog.profiles import read_rules
from manage.catalog.relations import read_relations
from manage.errors import NodeyardError


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (
            "version: 1\nrules: [{kind: requires, subjects: ['a.b>x', c], sentence: s}]",
            "line 2: rules.0.subjects.0: 'x'",
        ),
        (
            "version: 1\nrules: [{kind: requires, subjects: [], sentence: s}]",
            "line 2: rules.0.subjects: a rule",
        ),
        ("version: 2\nrules: []", "line 1: version: this manage reads version 1"),
    ],
)
def test_a_rule_that_cannot_be_evaluated_is_refused(tmp_path: Path, text: str, words: str) -> None:
    (tmp_path / "rules.yml").write_text(text)
    with pytest.raises(NodeyardError) as caught:
        read_rules(tmp_path / "rules.yml")
    assert words in caught.value.message


def test_relations_of_a_newer_version_are_refused() -> None:
    with pytest.raises(NodeyardError, match="this manage reads version 1"):
        read_relations(parse(b"version: 2\nrelations: {}\n", "relations.yml"))


@pytest.mark.parametrize("number", ["0x" + "f" * 6000, "9" * 4000])
def test_a_number_of_any_length_in_stack_yml_is_a_fault(number: str) -> None:
    with pytest.raises(NodeyardError, match=r"line 2: ports\.base"):
        config.parse(f"version: 1\nports: {{base: {number}}}\n", "stack.yml", load_catalog())
