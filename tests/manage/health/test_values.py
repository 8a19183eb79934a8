"""Measured values as text that people read, the same on a terminal and on a page."""

from __future__ import annotations

import pytest

from manage import words
from manage.health.facts import AGE, UNIX


@pytest.mark.promise("Numbers in the evidence of a verdict are words that people read", runs="ci")
@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (1796000000.123, UNIX, "2026-11-30 00:53:20 UTC"),
        (2.5e20, UNIX, "250\u202f000\u202f000\u202f000\u202f000\u202f000\u202f000 unix"),
        (250, "s", "4 min 10 s"),
        (0.4, AGE, "0.4 s old"),
        (1_310_000_000, "bytes", "1.31 GB"),
        (92_481_230, "", "92\u202f481\u202f230"),
        (99.95, "%", "99.95 %"),
        (1_796_000_000.5, "", "1\u202f796\u202f000\u202f000"),
        (67123.456, "USD", "67123.5 USD"),
        (0.000_012, "", "0.000012"),
        (-11_400.0, "s", "-3 h 10 min"),
        (None, "s", "unknown"),
        (True, "", "yes"),
        ([], "", "none"),
        ({"rawtx": 3, "block": None}, "", "rawtx 3, block unknown"),
        ("mainnet", "", "mainnet"),
    ],
)
def test_a_value_is_text_for_people(value: object, unit: str, text: str) -> None:
    assert words.value(value, unit) == text
