"""A copy of `profiles/` that a test may change."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from manage.installation.layout import CHECKOUT


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    for folder in ("profiles", "images"):
        shutil.copytree(CHECKOUT / folder, tmp_path / folder)
    return tmp_path


@pytest.fixture
def spoil(tree: Path) -> Callable[[str, str, str], Path]:
    """Replace text in a file of the copy, or in the `service.yml` of a folder; the text must be there."""

    def replace(file: str, old: str, new: str) -> Path:
        path = tree / "profiles" / file
        path = path / "service.yml" if path.is_dir() else path
        text = path.read_text()
        assert old in text
        path.write_text(text.replace(old, new))
        return tree

    return replace
