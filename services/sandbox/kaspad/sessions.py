"""Connections and their subscriptions."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from sandbox.kaspad import wire
from sandbox.kaspad.fields import Malformed, boolean, listing, mapping, script_of
from sandbox.kaspad.model import Change, Coin, Outpoint

PLAIN_SCOPES = {
    "BlockAdded",
    "FinalityConflict",
    "FinalityConflictResolved",
    "NewBlockTemplate",
    "PruningPointUtxoSetOverride",
    "SinkBlueScoreChanged",
    "VirtualDaaScoreChanged",
}
MAX_WAITING = 20_000
"""Limit on frames queued for a client that does not read; beyond it, the connection is closed."""


@dataclass
class Session:
    """One connection. `waiting` is the queue of its writer: answers and notifications, in order."""

    number: int
    cut: Callable[[], None]
    waiting: asyncio.Queue[str] = field(default_factory=asyncio.Queue)
    scopes: set[str] = field(default_factory=set)
    with_accepted: bool = False
    scripts: set[str] | None = None
    """Scripts whose UTXOs it follows; None follows all, the empty set none (the default)."""

    def __post_init__(self) -> None:
        self.scripts = set()

    def send(self, text: str) -> None:
        if self.waiting.qsize() >= MAX_WAITING:
            self.cut()
        else:
            self.waiting.put_nowait(text)


def subscribe(session: Session, params: Any, *, everything_allowed: bool) -> str:
    """Add a subscription; an error text if it is refused, else "". Raises Malformed if it names no scope.

    Like kaspad's RPC core, it refuses to follow all addresses in safe mode. The wRPC server of a real 0.15.0 bypasses
    that check; clients should not rely on it.
    """
    scope, body = _scope(params)
    if scope == "UtxosChanged":
        scripts = {script_of(item) for item in listing(body.get("addresses"))}
        if not scripts and not everything_allowed:
            return "Method unavailable in safe mode. Run the node with --unsaferpc argument."
        if not scripts:
            session.scripts = None
        elif session.scripts is not None:
            session.scripts |= scripts
    elif scope == "VirtualChainChanged":
        session.with_accepted = boolean(body.get("include_accepted_transaction_ids"))
    session.scopes.add(scope)
    return ""


def unsubscribe(session: Session, params: Any) -> None:
    """End a subscription, for the given addresses or for all. Raises Malformed if it names no scope."""
    scope, body = _scope(params)
    if scope == "UtxosChanged":
        scripts = {script_of(item) for item in listing(body.get("addresses"))}
        session.scripts = set() if session.scripts is None or not scripts else session.scripts - scripts
        if session.scripts:
            return
    elif scope == "VirtualChainChanged":
        boolean(body.get("include_accepted_transaction_ids"))
    session.scopes.discard(scope)


def publish(sessions: Iterable[Session], change: Change, blue_score: int, daa_score: int) -> None:
    """Send each session the notifications that it subscribed to, in kaspad's order."""
    listeners = [session for session in sessions if session.scopes]
    if not listeners:
        return
    for block in change.blocks:
        added = wire.full_block(block, transactions=True, children=[], on_chain=False)
        _tell(listeners, "BlockAdded", {"block": added})
    _tell(listeners, "NewBlockTemplate", {})
    _tell(listeners, "SinkBlueScoreChanged", {"sinkBlueScore": blue_score})
    _tell(listeners, "VirtualDaaScoreChanged", {"virtualDaaScore": daa_score})
    for session in listeners:
        if "VirtualChainChanged" in session.scopes:
            body = virtual_chain(change.removed_chain, dict(change.added_chain), session.with_accepted)
            session.send(_frame("VirtualChainChanged", body))
        if "UtxosChanged" in session.scopes:
            added_coins, removed_coins = _followed(session, change.created), _followed(session, change.spent)
            if added_coins or removed_coins:
                session.send(_frame("UtxosChanged", {"added": added_coins, "removed": removed_coins}))


def virtual_chain(removed: Iterable[str], added: dict[str, tuple[str, ...]], with_accepted: bool) -> dict[str, Any]:
    """Removed and added chain blocks, and the transactions that each added block accepts."""
    accepted = [
        {"acceptingBlockHash": block, "acceptedTransactionIds": list(identities)} for block, identities in added.items()
    ]
    return {
        "removedChainBlockHashes": list(removed),
        "addedChainBlockHashes": list(added),
        "acceptedTransactionIds": accepted if with_accepted else [],
    }


def _scope(params: Any) -> tuple[str, dict[str, Any]]:
    named = mapping(params)
    if len(named) != 1:
        raise Malformed
    scope, body = next(iter(named.items()))
    if scope not in PLAIN_SCOPES | {"UtxosChanged", "VirtualChainChanged"}:
        raise Malformed
    return scope, mapping(body)


def _followed(session: Session, coins: dict[Outpoint, Coin]) -> list[dict[str, Any]]:
    return [
        wire.utxo(outpoint, coin)
        for outpoint, coin in coins.items()
        if session.scripts is None or coin.script in session.scripts
    ]


def _tell(listeners: list[Session], scope: str, body: dict[str, Any]) -> None:
    followers = [session for session in listeners if scope in session.scopes]
    if followers:
        text = _frame(scope, body)
        for session in followers:
            session.send(text)


def _frame(scope: str, body: dict[str, Any]) -> str:
    return json.dumps({"method": f"{scope[0].lower()}{scope[1:]}Notification", "params": {scope: body}})
