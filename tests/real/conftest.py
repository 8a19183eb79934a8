"""Real nodes on private chains: bitcoind on regtest and kaspad on simnet, deployed by the commands a user types."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.journeys.installed import Installed, set_up


@pytest.fixture(scope="session")
def installed() -> Iterator[Installed]:
    """Profiles bitcoin and core together on network private."""
    chosen = ["--profile", "bitcoin", "--profile", "core", "--network", "private"]
    with set_up("real", *chosen, timeout=3600) as installed:
        yield installed
