"""Reading the fields of a request. Whatever does not fit is Malformed: kaspad says no more than that either."""

from __future__ import annotations

from typing import Any

from nodeclients import address

from sandbox.kaspad.params import PREFIX


class Malformed(Exception):
    """Answered with `request deserialization error`."""


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
    """A whole number from 0 to below `limit`."""
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value < limit:
        raise Malformed
    return value


def hex_of(value: Any, length: int | None = None) -> str:
    """A hex string, of so many bytes if `length` is given."""
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
