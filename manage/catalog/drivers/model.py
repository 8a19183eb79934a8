"""A driver's declaration as values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from typing import Any, Literal, get_args

from manage.immutable import dataclass

OptionType = Literal["string", "integer", "number", "boolean", "list", "mapping", "pattern", "rules"]
"""`list`: list of strings; `mapping`: strings by string; `pattern`: a regular expression (see `pattern.py`)."""
OPTION_TYPES: tuple[str, ...] = get_args(OptionType)
COMPARISONS = ("at_least", "at_most", "equals")
OPERANDS = ("number", "scalar")
"""What a rule may compare with: a number, or also a string, true or false."""


@dataclass(frozen=True)
class Threshold:
    """A number that service.yml may set under `health.thresholds`."""

    name: str
    unit: str
    meaning: str
    default: float | None = None
    """None: service.yml must set it."""


@dataclass(frozen=True)
class Option:
    """A value that service.yml may set under `health.options`."""

    name: str
    type: OptionType
    meaning: str
    default: Any = None
    """None: service.yml must set it."""
    pattern: str = ""
    """What a string, or each entry of a list, must match as a whole."""
    minimum: float | None = None
    maximum: float | None = None
    measured: Mapping[str, Option] = field(default_factory=dict)
    """Of type `rules`: the keys that say what a rule measures."""
    compared: Mapping[str, str] = field(default_factory=dict)
    """Of type `rules`: the comparisons that a rule may use, and the operand of each."""


@dataclass(frozen=True)
class Declaration:
    """What a health driver declares in its YAML file."""

    driver: str
    summary: str
    checks: Mapping[str, str]
    """Name -> meaning, of the checks that the driver always returns. Rules add their own."""
    thresholds: Mapping[str, Threshold]
    """With those of `common.yml`."""
    options: Mapping[str, Option]
