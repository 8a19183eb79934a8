"""Validation of one value of stack.yml. Pure; the answer is part of a sentence."""

from __future__ import annotations

import ipaddress
import re
import unicodedata
from pathlib import PurePosixPath
from typing import Any

from manage.catalog import sizes
from manage.catalog.model import Setting

EXPECTED = {
    "boolean": "true or false",
    "integer": "a whole number",
    "number": "a number",
    "string": "text",
    "choice": "one of its choices",
    "size": "a size like 512m or 16g",
    "path": "an absolute path",
    "list": "a list of texts like [a, b]",
}


def problem(setting: Setting, value: Any) -> str:
    """What is wrong with `value`, as the end of a sentence, or ""."""
    if not _has_type(setting, value):
        return f"{_shown(value)} is not {EXPECTED[setting.type]}"
    entries = value if setting.type == "list" else [value]
    for entry in entries:
        if isinstance(entry, str) and any(unicodedata.category(letter).startswith("C") for letter in entry):
            return f"{_shown(entry)} contains a control character"
        if setting.choices and entry not in setting.choices:
            return f"{_shown(entry)} is not one of {', '.join(setting.choices)}"
        if setting.pattern and not re.fullmatch(setting.pattern, str(entry)):
            return f"{_shown(entry)} does not match {setting.pattern}"
    return _range_problem(setting, value) or _kind_problem(setting, value)


def normalized(setting: Setting, value: Any) -> Any:
    """`value` in its canonical form, so that the numbers 1 and 1.0 render the same."""
    return float(value) if setting.type == "number" else value


def _has_type(setting: Setting, value: Any) -> bool:
    if isinstance(value, bool) or setting.type == "boolean":
        return isinstance(value, bool) and setting.type == "boolean"
    if setting.type == "integer":
        return isinstance(value, int)
    if setting.type == "number":
        return isinstance(value, int | float)
    if setting.type == "list":
        return isinstance(value, list) and all(isinstance(entry, str) for entry in value)
    return isinstance(value, str)


def _range_problem(setting: Setting, value: Any) -> str:
    if setting.type not in ("integer", "number", "size"):
        return ""
    try:
        amount = sizes.parse(value) if setting.type == "size" else value
    except ValueError as error:
        return str(error)
    if not (setting.minimum is None or amount >= setting.minimum):
        return f"{_shown(value)} is less than {_limit(setting, setting.minimum)}"
    if not (setting.maximum is None or amount <= setting.maximum):
        return f"{_shown(value)} is more than {_limit(setting, setting.maximum)}"
    return ""


def _limit(setting: Setting, limit: float) -> str:
    return f"{limit / sizes.UNITS['m']:g}m" if setting.type == "size" else f"{limit:g}"


def _kind_problem(setting: Setting, value: Any) -> str:
    if setting.type == "path" and value:
        path = PurePosixPath(value)
        if not path.is_absolute() or ".." in path.parts or str(path) == "/":
            return f"{_shown(value)} is not an absolute path to a folder"
    if setting.key == "ports.bind":
        try:
            ipaddress.ip_address(value)
        except ValueError:
            return f"{_shown(value)} is not an IP address"
    if setting.key == "trusted_proxies":
        return next(filter(None, map(_proxy_problem, value)), "")
    if setting.key == "networks.pool" and value:
        return _pool_problem(value)
    return ""


def _pool_problem(value: str) -> str:
    """Ranges that Docker's networks can use; those of documentation and of carriers (100.64.0.0/10) are among them."""
    try:
        pool = ipaddress.IPv4Network(value)
    except ValueError:
        return f"{_shown(value)} is not a range of IPv4 addresses like 10.213.0.0/20"
    if not 8 <= pool.prefixlen <= 24:
        return f"{_shown(value)} must have a prefix from /8 to /24, so that every network gets 16 addresses"
    if pool.is_loopback or pool.is_link_local or pool.is_multicast or pool.network_address.packed[0] == 0:
        return f"{_shown(value)} is reserved for another use"
    return ""


def _proxy_problem(text: str) -> str:
    """What is wrong with the address of a proxy whose word counts."""
    try:
        network = ipaddress.ip_network(text)
    except ValueError:
        return f"{_shown(text)} is not an IP address or network like 192.0.2.7 or 192.0.2.0/24"
    return f"{_shown(text)} would trust everybody" if network.prefixlen == 0 else ""


def _shown(value: Any) -> str:
    if value is None:
        return "nothing"
    text = repr(value) if not isinstance(value, bool) else str(value).lower()
    return text if len(text) <= 60 else f"{text[:57]}..."
