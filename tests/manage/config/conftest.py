"""The shipped catalog, and a stack.yml to write to."""

from __future__ import annotations

from pathlib import Path

import pytest

from manage.catalog import Catalog, load_catalog


@pytest.fixture(scope="session")
def catalog() -> Catalog:
    return load_catalog()


@pytest.fixture
def stack_file(tmp_path: Path) -> Path:
    return tmp_path / "stack.yml"
