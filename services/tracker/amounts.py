"""Amounts for people: sompi as KAS, computed with Decimal, never with float."""

from __future__ import annotations

from decimal import Context, Decimal

SOMPI_PER_KAS = 100_000_000
"""rusty-kaspa v2.0.1, consensus/core/src/constants.rs SOMPI_PER_KASPA."""

_EXACT = Context(prec=100)


def kas(sompi: int) -> str:
    """Sompi as a decimal string in KAS without trailing zeros: 150000000 -> "1.5", 0 -> "0"."""
    whole = _EXACT.divide(Decimal(sompi), Decimal(SOMPI_PER_KAS))
    text = f"{whole:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
