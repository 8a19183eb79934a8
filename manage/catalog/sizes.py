"""Sizes as the catalog and stack.yml write them: compose notation, powers of 1024."""

from __future__ import annotations

import re

UNITS = {"": 1, "b": 1, "k": 1024, "m": 1024**2, "g": 1024**3, "t": 1024**4}
PATTERN = re.compile(r"([0-9]+)([bkmgt]?)")


def parse(text: str) -> int:
    """Bytes of "512m", "16g" or "640g"; ValueError for anything else."""
    match = PATTERN.fullmatch(text)
    if match is None:
        raise ValueError(f"{text!r} is not a size like 512m or 16g")
    return int(match[1]) * UNITS[match[2]]
