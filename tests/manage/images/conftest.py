"""A small checkout of its own, so that a test may change any file of a recipe."""

from __future__ import annotations

from pathlib import Path

import pytest


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """Two recipes: `base`, and `clock` of our own on it with one folder as input."""
    write(
        tmp_path,
        "images/base/recipe.yml",
        "version: 1\nkind: dockerfile\nupstream_base: debian:x\nhost_certificates: true\n",
    )
    write(tmp_path, "images/base/Dockerfile", "ARG BASE\nFROM ${BASE}\n")
    write(
        tmp_path,
        "images/clock/recipe.yml",
        "version: 1\nkind: dockerfile\nours: true\nbase: base\ninputs: [services/clock]\n",
    )
    write(tmp_path, "images/clock/Dockerfile", "ARG BASE\nFROM ${BASE}\nCOPY services /opt\n")
    write(tmp_path, "services/clock/__main__.py", "print('tick')\n")
    return tmp_path


def write(checkout: Path, name: str, text: str) -> None:
    path = checkout / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
