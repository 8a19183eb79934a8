"""Marks what needs Docker's engine, by folder, so that `pytest` without arguments works for anybody."""

from __future__ import annotations

from pathlib import Path

import pytest

TESTS = Path(__file__).resolve().parent
ENGINE_FOLDERS = {"engine", "journeys", "real", "hosts"}
"""Folders of which every test needs the engine."""


@pytest.hookimpl(tryfirst=True)  # before pytest applies -m
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.path.is_relative_to(TESTS) and item.path.relative_to(TESTS).parts[0] in ENGINE_FOLDERS:
            item.add_marker(pytest.mark.engine)
