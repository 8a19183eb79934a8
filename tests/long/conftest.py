"""A running sandbox for soak and figures; made and removed by the commands a user types."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "journeys"))

from installed import Installed, set_up


@pytest.fixture(scope="session")
def yard() -> Iterator[Installed]:
    """The sandbox stack, set up and up."""
    with set_up("long", "--profile", "sandbox") as installed:
        yield installed
