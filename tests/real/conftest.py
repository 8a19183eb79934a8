"""Real nodes on private chains: bitcoind on regtest and kaspad on simnet, deployed by the commands a user types."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "journeys"))

from installed import YARDS, Installed, free_ports


@pytest.fixture(scope="session")
def yard() -> Iterator[Installed]:
    """Profiles bitcoin and core together on network private."""
    installed = Installed(YARDS / "real", free_ports(3))
    installed.run("uninstall", "--purge", "--yes", expect=None)
    chosen = ["--profile", "bitcoin", "--profile", "core", "--network", "private"]
    try:
        installed.run("setup", "--yes", *chosen, "--port-base", str(installed.port_base), timeout=3600)
        yield installed
    finally:
        installed.run("uninstall", "--purge", "--yes", expect=None)
