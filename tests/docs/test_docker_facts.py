"""Every citation of docs/docker-facts.md leads to a fact that is there."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).resolve().parents[2]
PAGE = CHECKOUT / "docs" / "docker-facts.md"
CITATION = re.compile(r"docker-facts(?:\.md)?,? (\d+(?:(?:, | and |, and )\d+)*)")
FOLDERS = (".github", "docs", "images", "install", "manage", "profiles", "services", "templates", "tests")


def facts() -> list[int]:
    return [int(number) for number in re.findall(r"^### (\d+)\. ", PAGE.read_text(encoding="utf-8"), re.MULTILINE)]


def cited(text: str) -> Iterator[int]:
    for numbers in CITATION.findall(text):
        yield from (int(number) for number in re.findall(r"\d+", numbers))


def sources() -> Iterator[Path]:
    yield from (path for path in CHECKOUT.iterdir() if path.is_file())
    for folder in FOLDERS:
        yield from (
            path
            for path in (CHECKOUT / folder).rglob("*")
            if path.is_file() and "data" not in path.relative_to(CHECKOUT).parts
        )


def test_numbers_are_unique_and_without_gaps() -> None:
    assert facts() == list(range(1, len(facts()) + 1))


@pytest.mark.promise("Every fact about Docker that the code cites is in docs/docker-facts.md", runs="ci")
def test_every_citation_resolves() -> None:
    known, found = set(facts()), 0
    for path in sources():
        for number in cited(path.read_bytes().decode("utf-8", "replace")):
            found += 1
            assert number in known, f"{path.relative_to(CHECKOUT)} cites docker-facts {number}, which does not exist"
    assert found >= 9


def test_a_list_of_numbers_is_read_whole() -> None:
    assert list(cited("(docker-facts 1, 2 and 4), docs/docker-facts.md, 14 and 30")) == [1, 2, 4, 14, 30]


def test_references_between_facts_resolve() -> None:
    references = re.findall(r"\bFact (\d+)", PAGE.read_text(encoding="utf-8"))
    assert references
    assert {int(number) for number in references} <= set(facts())
