"""The shipped catalog, and a stack.yml to write to."""

from __future__ import annotations

from pathlib import Path

import pytest

from manage.catalog.load import load
from manage.catalog.model import Catalog


@pytest.fixture(scope="session")
def catalog() -> Catalog:
    return load()


@pytest.fixture
def stack_file(tmp_path: Path) -> Path:
    return tmp_path / "stack.yml"
