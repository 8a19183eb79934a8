"""Parameters and errors of RPC methods."""

from __future__ import annotations

from typing import Any

Params = dict[str, Any]
"""The `params` of a request; `fields` reads them."""


class RpcError(Exception):
    """An error answer with this message."""
