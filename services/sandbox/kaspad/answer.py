"""What every RPC method is made of."""

from __future__ import annotations

from typing import Any

Params = dict[str, Any]
"""The `params` of a request; fields are read with `fields`."""


class Failed(Exception):
    """Answered with this message as an error."""
