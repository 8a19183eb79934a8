"""Files stay small."""

from __future__ import annotations

import statistics

import pytest

from manage.installation.layout import CHECKOUT


def lines(*folders: str) -> dict[str, int]:
    """File -> number of its lines, of every Python file in `folders`."""
    return {
        str(path.relative_to(CHECKOUT)): len(path.read_text(encoding="utf-8").splitlines())
        for folder in folders
        for path in (CHECKOUT / folder).rglob("*.py")
    }


@pytest.mark.promise("Half of the Python files have at most 80 lines", runs="ci")
def test_the_median_file_has_at_most_80_lines() -> None:
    assert statistics.median(lines("manage", "services").values()) <= 80


@pytest.mark.promise("No Python file has more than 300 lines", runs="ci")
def test_no_file_has_more_than_300_lines() -> None:
    found = lines("manage", "services", "tests")
    assert {name: count for name, count in found.items() if count > 300} == {}
