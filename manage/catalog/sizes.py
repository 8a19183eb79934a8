"""Sizes in the catalog and stack.yml: Compose notation, powers of 1024."""

from __future__ import annotations

import re

UNITS = {"": 1, "b": 1, "k": 1024, "m": 1024**2, "g": 1024**3, "t": 1024**4}
PATTERN = re.compile(r"([0-9]+)([bkmgt]?)")


def parse(text: str) -> int:
    """Bytes of a size like "512m" or "16g". Raises ValueError."""
    match = PATTERN.fullmatch(text)
    if match is None:
        raise ValueError(f"{text!r} is not a size like 512m or 16g")
    return int(match[1]) * UNITS[match[2]]
