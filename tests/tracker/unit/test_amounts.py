"""Sompi as KAS."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tracker.amounts import kas


@pytest.mark.parametrize(
    ("sompi", "shown"),
    [
        (0, "0"),
        (1, "0.00000001"),
        (150_000_000, "1.5"),
        (100_000_000, "1"),
        (1_000_000_000, "10"),
        (2**53 + 1, "90071992.54740993"),
        (2_870_000_000_000_000_000, "28700000000"),
    ],
)
def test_sompi_read_as_kas(sompi: int, shown: str) -> None:
    assert kas(sompi) == shown


@given(st.integers(0, 2**256))
def test_no_sompi_is_lost_in_words(sompi: int) -> None:
    whole, _, part = kas(sompi).partition(".")
    assert int(whole) * 10**8 + int(part.ljust(8, "0")) == sompi
