"""One session with kaspad: subscribe, take a snapshot, apply notifications, detect silence.

A subscription ends with its connection, and kaspad has no cursor to resume from. So a session ends at its first
failure, and the next one subscribes and reads all balances again.

Order within a session: (1) subscribe, (2) getUtxosByAddresses on a second connection, (3) apply the notifications that
arrived meanwhile, in one transaction, idempotently by outpoint. kaspad commits to its index before it notifies, so a
notification follows for any change that the snapshot does not contain.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial

from nodeclients.errors import NodeUnreachable
from nodeclients.kaspad import Closed, KaspadClient, Notification

from tracker import node
from tracker.counters import Counters
from tracker.follower_state import StateHolder
from tracker.ledger import fold, parse_change
from tracker.networks import KaspaNetwork
from tracker.store import accounts, balances
from tracker.store.accounts import CHAIN
from tracker.store.balances import Moment
from tracker.store.database import Database

log = logging.getLogger(__name__)

CALL_DEADLINE_S = 4.0
"""Together with HEARTBEAT_S: a node that accepts TCP but never answers is detected within 6 s."""
HEARTBEAT_S = 2.0
CONFIRM_EVERY_S = 10.0
AUDIT_EVERY_S = 30.0
WRITE_DEADLINE_S = 60.0
MAX_QUEUED = 20_000
"""Limit on queued notifications, which bounds memory. Beyond it, a new snapshot is cheaper than applying them."""


@dataclass(frozen=True)
class Follow:
    """An address was added: subscribe to it and take its snapshot."""

    address: str


@dataclass(frozen=True)
class Unfollow:
    address: str


@dataclass(frozen=True)
class Heartbeat:
    """The node answered at `at` (unix seconds); its earlier notifications are ahead of this in the inbox."""

    info: node.NodeInfo
    at: float


@dataclass(frozen=True)
class Audit:
    """Time to compare our balances with the node's."""


Item = Notification | Follow | Unfollow | Heartbeat | Audit


class Session:
    """Use once: `await Session(...).run("connect")` never returns; it raises the error that ended the session."""

    def __init__(
        self, url: str, network: KaspaNetwork, database: Database, counters: Counters, holder: StateHolder
    ) -> None:
        self.calls = KaspadClient(url, timeout_s=CALL_DEADLINE_S)
        """For calls: a slow call delays everything behind it, so the subscription has its own connection."""
        self.inbox: asyncio.Queue[Item] = asyncio.Queue()
        self._events = KaspadClient(url, timeout_s=CALL_DEADLINE_S)
        self._network = network
        self._database = database
        self._counters = counters
        self._holder = holder
        self._confirmed_at = 0.0
        self._suspects: frozenset[str] = frozenset()

    async def run(self, cause: str) -> None:
        """Raises NodeFault, NodeUnsuitable, DatabaseUnavailable or ValueError (unknown answer), perhaps in a group."""
        async with self._events, self.calls, asyncio.TaskGroup() as group:
            await node.server_info(self._events, self._network, CALL_DEADLINE_S)
            group.create_task(self._receive())
            group.create_task(self._heartbeat())
            group.create_task(self._schedule_audits())
            await self._resync(cause)
            while True:
                await self._handle(await self._next_batch())

    async def _receive(self) -> None:
        async for note in self._events.notifications():
            if isinstance(note, Closed):
                raise NodeUnreachable(f"kaspad closed the connection ({note.code} {note.reason}".rstrip() + ")")
            if self.inbox.qsize() >= MAX_QUEUED:
                raise NodeUnreachable("kaspad sent more notifications than the database could store")
            self.inbox.put_nowait(note)

    async def _heartbeat(self) -> None:
        """Call on the connection of the subscription, which may otherwise be silent for a long time."""
        while True:
            info = await node.server_info(self._events, self._network, CALL_DEADLINE_S)
            self.inbox.put_nowait(Heartbeat(info, time.time()))
            await asyncio.sleep(HEARTBEAT_S)

    async def _schedule_audits(self) -> None:
        while True:
            await asyncio.sleep(AUDIT_EVERY_S)
            self.inbox.put_nowait(Audit())

    async def _next_batch(self) -> list[Item]:
        batch = [await self.inbox.get()]
        while not self.inbox.empty():
            batch.append(self.inbox.get_nowait())
        return batch

    async def _handle(self, batch: Sequence[Item]) -> None:
        """Handle everything queued. New addresses come last: their snapshot contains all earlier notifications."""
        notes = [item for item in batch if isinstance(item, Notification)]
        for item in batch:
            if isinstance(item, Unfollow):
                await self._events.unsubscribe("UtxosChanged", {"addresses": [item.address]})
        if any(note.scope == "PruningPointUtxoSetOverride" for note in notes):
            await self._resync("pruning")
        else:
            await self._apply([note for note in notes if note.scope == "UtxosChanged"])
        if follows := list(dict.fromkeys(item.address for item in batch if isinstance(item, Follow))):
            await self._subscribe(follows)
            await self._snapshot(follows, "follow")
        if heartbeats := [item for item in batch if isinstance(item, Heartbeat)]:
            await self._confirm(heartbeats[-1])
        if any(isinstance(item, Audit) for item in batch):
            await self.audit()

    async def _resync(self, cause: str) -> None:
        """Subscribe to and read every followed address. No balance counts as confirmed until this is done."""
        self._set(following=False, reason="the tracker is reading all balances", waits_for=("kaspad",))
        followed = [account.address for account in await self._database.run(accounts.listing)]
        await self._events.subscribe("PruningPointUtxoSetOverride")
        await self._subscribe(followed)
        await self._snapshot(followed, cause)
        now = time.time()
        self._set(following=True, reason="", waits_for=(), confirmed_at=now, since=now)
        log.info("following %d addresses after a resync (%s)", len(followed), cause)

    async def _subscribe(self, addresses: Sequence[str]) -> None:
        for chunk in _chunks(addresses, 1000):  # an empty list would subscribe to all addresses of the chain
            await self._events.subscribe("UtxosChanged", {"addresses": chunk})

    async def _snapshot(self, addresses: Sequence[str], cause: str) -> None:
        self._counters.resyncs[cause] += 1
        for chunk in _chunks(addresses, node.ADDRESSES_AT_ONCE):
            taken = await node.snapshot(self.calls, chunk)
            moment = Moment(datetime.now(UTC), taken.daa_score, taken.sink)
            replace_all = partial(balances.replace, chain=CHAIN, addresses=chunk, utxos=taken.utxos, moment=moment)
            await self._database.run(replace_all, WRITE_DEADLINE_S)

    async def _apply(self, notes: Sequence[Notification]) -> None:
        if not notes:
            return
        change = fold(parse_change(note.body) for note in notes)
        now = time.time()
        newest = max((utxo.block_daa_score for utxo in change.added.values()), default=0)
        moment = Moment(datetime.fromtimestamp(now, UTC), max(newest, self._holder.state.daa_score))
        changed = await self._database.run(lambda connection: balances.apply(connection, CHAIN, change, moment))
        self._counters.events += len(notes)
        self._set(last_event_at=now)
        for address, balance in changed.items():
            log.debug("%s has %d sompi at DAA score %d", address, balance, moment.daa_score)

    async def _confirm(self, heartbeat: Heartbeat) -> None:
        self._set(confirmed_at=heartbeat.at, daa_score=heartbeat.info.daa_score, synced=heartbeat.info.synced)
        if heartbeat.info.synced and heartbeat.at - self._confirmed_at >= CONFIRM_EVERY_S:
            self._confirmed_at = heartbeat.at
            moment = Moment(datetime.fromtimestamp(heartbeat.at, UTC), heartbeat.info.daa_score)
            await self._database.run(lambda connection: balances.confirm(connection, CHAIN, moment))

    async def audit(self) -> None:
        """Compare our balances with the node's. Those that differ twice in a row missed a change and are read again.

        A single difference proves nothing: the node may be one notification ahead.
        """
        held = {account.address: account.balance for account in await self._database.run(accounts.listing)}
        differing = set()
        for chunk in _chunks(list(held), 1000):
            reported = await node.balances(self.calls, chunk, CALL_DEADLINE_S)
            differing |= {
                address for address in chunk if held[address] is not None and reported.get(address) != held[address]
            }
        lost = sorted(differing & self._suspects)
        self._suspects = frozenset(differing)
        if lost:
            log.warning("kaspad did not report changes to %d addresses; reading them again", len(lost))
            await self._snapshot(lost, "audit")

    def _set(self, **fields: object) -> None:
        self._holder.state = replace(self._holder.state, **fields)  # type: ignore[arg-type]  # names of its fields


def _chunks(values: Sequence[str], size: int) -> Iterator[Sequence[str]]:
    return (values[start : start + size] for start in range(0, len(values), size))
