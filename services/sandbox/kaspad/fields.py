"""Reads the fields of a request. Raises Malformed for any error: kaspad gives no details either."""

from __future__ import annotations

from typing import Any

from nodeclients import address

from sandbox.kaspad.params import PREFIX


class Malformed(Exception):
    """Leads to the answer `request deserialization error`."""


def mapping(value: Any) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise Malformed
    return value


def listing(value: Any) -> list[Any]:
    if not isinstance(value, list):
        raise Malformed
    return value


def boolean(value: Any) -> bool:
    if not isinstance(value, bool):
        raise Malformed
    return value


def integer(value: Any, limit: int) -> int:
    """An integer from 0 to `limit` - 1."""
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value < limit:
        raise Malformed
    return value


def hex_of(value: Any, length: int | None = None) -> str:
    """A hex string; of `length` bytes if given."""
    if not isinstance(value, str):
        raise Malformed
    try:
        found = bytes.fromhex(value)
    except ValueError:
        raise Malformed from None
    if length is not None and len(found) != length:
        raise Malformed
    return found.hex()


def hash_of(value: Any) -> str:
    return hex_of(value, 32)


def script_of(value: Any) -> str:
    """The scriptPublicKey of an address of this network."""
    if not isinstance(value, str) or not value.startswith(PREFIX + ":"):
        raise Malformed
    try:
        return address.script_public_key(value)
    except ValueError:
        raise Malformed from None
