from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.hosts.machine import SUITES, Machine, bare


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--suite", choices=SUITES, default="bookworm", help="distribution of the bare machine")
    parser.addoption("--machine", help="go on with a machine that --keep left, by its container's name")
    parser.addoption("--keep", action="store_true", help="leave the machine for a look inside")


@pytest.fixture(scope="session")
def machine(pytestconfig: pytest.Config) -> Iterator[Machine]:
    """One bare machine for the whole run; the tests of a file go on where the one before left it."""
    suite = pytestconfig.getoption("--suite")
    if name := pytestconfig.getoption("--machine"):
        yield Machine(name, suite)
        return
    with bare(suite, keep=pytestconfig.getoption("--keep")) as made:
        yield made
