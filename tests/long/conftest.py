"""A running sandbox for soak and figures; made and removed by the commands a user types."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "journeys"))

from installed import YARDS, Installed, free_ports


@pytest.fixture(scope="session")
def yard() -> Iterator[Installed]:
    """The sandbox stack, set up and up."""
    installed = Installed(YARDS / "long", free_ports(3))
    installed.run("uninstall", "--purge", "--yes", expect=None)
    try:
        installed.run("setup", "--yes", "--profile", "sandbox", "--port-base", str(installed.port_base), timeout=1500)
        yield installed
    finally:
        installed.run("uninstall", "--purge", "--yes", expect=None)
