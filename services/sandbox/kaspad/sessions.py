"""Connections and what each has subscribed to."""

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
"""Frames that may wait for a client that does not read; then it is cut off."""


@dataclass
class Session:
    """One connection. `waiting` is what its writer sends next, answers and notifications in one order."""

    number: int
    cut: Callable[[], None]
    waiting: asyncio.Queue[str] = field(default_factory=asyncio.Queue)
    scopes: set[str] = field(default_factory=set)
    with_accepted: bool = False
    scripts: set[str] | None = None
    """Scripts whose UTXOs it follows; None follows all, the empty set none."""

    def __post_init__(self) -> None:
        self.scripts = set()

    def send(self, text: str) -> None:
        if self.waiting.qsize() >= MAX_WAITING:
            self.cut()
        else:
            self.waiting.put_nowait(text)


def subscribe(session: Session, params: Any, *, everything_allowed: bool) -> str:
    """Take a subscription in; an error text when it is refused. Malformed when it names no scope.

    Following all addresses is refused in safe mode, as kaspad's RPC core refuses it. Over wRPC a real 0.15.0 takes it
    all the same (its wRPC server goes past that check); nobody should come to rely on that.
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
    """Give a subscription up: some addresses, or with no address named all. Malformed when it names no scope."""
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
    """Tell every session what it follows, in the order in which kaspad tells it."""
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
    """Removed and added chain blocks, and what each added one accepts."""
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
