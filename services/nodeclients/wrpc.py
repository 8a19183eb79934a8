"""What a frame of kaspad's wRPC means; a node may send any JSON. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from nodeclients.errors import NodeError

_LONGEST = 500
"""Characters of what kaspad says; messages end in logs and answers."""


def result(frame: Mapping[str, Any]) -> dict[str, Any]:
    """The result in an answer. Raises NodeError when kaspad refuses, or sends no object."""
    if "error" in frame:
        error = frame["error"] if isinstance(frame["error"], dict) else {}
        code = error.get("code")
        raise NodeError(str(error.get("message", "no message"))[:_LONGEST], code if type(code) is int else 0)
    found = frame.get("params")
    if not isinstance(found, dict | None):
        raise NodeError("kaspad answered with something other than an object")
    return found or {}


def notifications(frame: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Scope -> body. Raises ValueError for another shape."""
    found = frame.get("params", {})
    if not isinstance(found, dict) or not all(isinstance(body, dict) for body in found.values()):
        raise ValueError("a notification is an object")
    return found
