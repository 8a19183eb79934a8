"""Options and markers of every suite."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from manage.cli import output

TESTS = Path(__file__).resolve().parent
ENGINE_FOLDERS = {"engine", "journeys", "real", "hosts"}
"""Folders of which every test needs the engine."""


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--real", action="store_true", help="also run real nodes")
    for name in ("bitcoind", "kaspad"):
        parser.addoption(f"--{name}", type=Path, help=f"a real {name} (default: the one in NODEYARD_IMAGE_CACHE)")


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "real_only: needs a real node; runs with --real")
    config.addinivalue_line("markers", 'promise(sentence, runs="ci"|"long"|"real", case=""): a line of docs/proof.md')


@pytest.hookimpl(tryfirst=True)  # before pytest applies -m
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    for item in items:
        if item.path.is_relative_to(TESTS) and item.path.relative_to(TESTS).parts[0] in ENGINE_FOLDERS:
            item.add_marker(pytest.mark.engine)
    if not config.getoption("--real"):
        config.hook.pytest_deselected(items=[item for item in items if item.get_closest_marker("real_only")])
        items[:] = [item for item in items if not item.get_closest_marker("real_only")]


@pytest.fixture(autouse=True)
def _no_directory_in_commands() -> Iterator[None]:
    """A command that ran in this process may have named its folder; the next test begins without one."""
    yield
    output.suggest_for("")
