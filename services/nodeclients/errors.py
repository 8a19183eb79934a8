"""What can go wrong with a node, apart from each other as far as a caller would act differently."""

from __future__ import annotations


class NodeFault(Exception):
    """Common base: no usable answer. Never to be read as "zero" or "none"."""


class NodeError(NodeFault):
    """The node answered, and its answer is an error. `message` is its own text, `code` its number (kaspad: 0)."""

    def __init__(self, message: str, code: int = 0) -> None:
        super().__init__(message)
        self.message = message
        self.code = code


class NodeWarmingUp(NodeError):
    """bitcoind is loading its block index (-28): not ready, and not dead either."""


class NodeRefused(NodeError):
    """bitcoind does not accept this user (401) or its method (403, `rpcwhitelist`); `code` is the HTTP status."""


class NodeUnreachable(NodeFault):
    """No answer: refused, closed, timed out, or not the protocol that was expected."""
