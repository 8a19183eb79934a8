"""A running sandbox for soak and figures; made and removed by the commands a user types."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.journeys.installed import Installed, set_up


@pytest.fixture(scope="session")
def installed() -> Iterator[Installed]:
    """The sandbox stack, set up and up."""
    with set_up("long", "--profile", "sandbox") as installed:
        yield installed
