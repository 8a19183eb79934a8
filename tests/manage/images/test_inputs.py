"""Images of our own hold what their sources import: a missing folder would only be noticed by a container that ends."""

from __future__ import annotations

import ast
from collections.abc import Iterable
from pathlib import Path

import pytest

from manage.images import recipe
from manage.installation.layout import CHECKOUT

PACKAGES = {path.parent.name for path in CHECKOUT.glob("services/*/__init__.py")}
HOST_ONLY = "manage/cli/"
"""Run on the host, from the checkout."""
OURS = sorted(name for name, entry in recipe.load().items() if entry.ours)


def imported(sources: Iterable[Path]) -> set[str]:
    """Packages of services/ that are named in an import."""
    found: set[str] = set()
    for source in sources:
        for node in ast.walk(ast.parse(source.read_text())):
            if isinstance(node, ast.Import):
                found |= {alias.name.partition(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module:
                found.add(node.module.partition(".")[0])
    return found & PACKAGES


@pytest.mark.parametrize("name", OURS)
def test_an_image_of_ours_holds_every_package_that_its_sources_import(name: str) -> None:
    entry = recipe.load()[name]
    inputs = entry.inputs
    files = recipe.files(entry, inputs)
    sources = [path for file, path in files if path.suffix == ".py" and not file.startswith(HOST_ONLY)]

    assert sources
    assert {f"services/{package}" for package in imported(sources)} <= set(inputs)


@pytest.mark.promise("A build succeeds even if another installation is purged meanwhile", runs="ci")
@pytest.mark.parametrize(
    "file",
    sorted((*CHECKOUT.glob("images/*/*ockerfile"), *CHECKOUT.glob("profiles/services/*/image/*ockerfile"))),
    ids=str,
)
def test_a_base_is_looked_up_once_because_its_tag_may_go_while_a_build_takes_its_time(file: Path) -> None:
    assert file.read_text().count("${BASE}") == 1
