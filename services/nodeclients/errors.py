"""The errors of the node clients, one class for each case in which a caller would act differently."""

from __future__ import annotations


class NodeFault(Exception):
    """Common base: there is no usable answer. Never treat it as "zero" or "none"."""


class NodeError(NodeFault):
    """The node answered, and its answer is an error. `message` is its own text, `code` its number (kaspad: 0)."""

    def __init__(self, message: str, code: int = 0) -> None:
        super().__init__(message)
        self.message = message
        self.code = code


class NodeWarmingUp(NodeError):
    """bitcoind is loading its block index (-28): it runs but is not ready."""


class NodeRefused(NodeError):
    """bitcoind does not accept the user (401) or the method (403, `rpcwhitelist`); `code` is the HTTP status."""


class NodeUnreachable(NodeFault):
    """No answer: connection refused or closed, timeout, or another protocol than expected."""
