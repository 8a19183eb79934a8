"""Keeps a session with kaspad running, starts a new one after each failure, and reports the current state."""

from __future__ import annotations

import asyncio
import logging
import time
from dataclasses import replace

from nodeclients.errors import NodeFault
from nodeclients.links import KASPAD

from tracker import node
from tracker.counters import Counters
from tracker.follower_state import FollowerState, StateHolder, unconfirmed_reason
from tracker.inbox import Follow, Unfollow
from tracker.networks import KaspaNetwork
from tracker.node import NodeUnsuitable
from tracker.session import ChainReplaced, Session
from tracker.store import balances
from tracker.store.accounts import CHAIN
from tracker.store.database import Database, DatabaseUnavailable
from tracker.unanswerable import Unanswerable

log = logging.getLogger(__name__)

ASK_DEADLINE_S = 3.0


class BalanceUnavailable(Exception):
    """The node cannot answer at the moment; the message says why."""


class Follower:
    """Follows every account in the database while `run` runs; the other methods may be called at the same time."""

    def __init__(self, url: str, network: KaspaNetwork, database: Database, counters: Counters) -> None:
        self._url = url
        self._network = network
        self._database = database
        self._counters = counters
        self._holder = StateHolder()
        self._unanswerable = Unanswerable()
        self._session: Session | None = None
        self._logged_reason = ""

    @property
    def state(self) -> FollowerState:
        return self._holder.state

    async def run(self) -> None:
        """Run one session after another. Each starts with a resync: `connect` for the first, `reconnect` afterwards."""
        cause, pauses = "connect", KASPAD.retry.pauses()
        await self._database.checked.wait()
        while True:
            try:
                await self._database.require_available()
                await self._load_confirmation()
                self._session = Session(
                    self._url,
                    self._network,
                    self._database,
                    self._counters,
                    self._holder,
                    unanswerable=self._unanswerable,
                )
                await self._session.run(cause)
            except Exception as error:
                was_following, first = self.state.following, _first_exception(error)
                self._record_failure(first)
                self._unanswerable.interrupted(self.state.reason, time.time())
                if isinstance(first, ChainReplaced):
                    cause, pauses = "pruning", KASPAD.retry.pauses()
                elif was_following:
                    self._counters.sessions_lost += 1
                    cause, pauses = "reconnect", KASPAD.retry.pauses()
            finally:
                self._session = None
            await asyncio.sleep(next(pauses))

    def follow(self, address: str) -> None:
        """Follow a new account. Without a session there is nothing to do: the next one starts with all accounts."""
        if self._session is not None:
            self._session.inbox.put_nowait(Follow(address))

    def unfollow(self, address: str) -> None:
        if self._session is not None:
            self._session.inbox.put_nowait(Unfollow(address))

    async def node_balance(self, address: str) -> int:
        """Balance in sompi of any address, read from the node. Raises BalanceUnavailable (never 0) if it is unknown."""
        reason = unconfirmed_reason(self.state, time.time())
        if reason:
            raise BalanceUnavailable(reason)
        try:
            return (await node.balances(self._url, [address], ASK_DEADLINE_S))[address]
        except (NodeFault, ValueError, KeyError) as error:
            raise BalanceUnavailable(f"kaspad did not report the balance: {error}") from error

    async def _load_confirmation(self) -> None:
        """After a start, read from the database when its balances were last confirmed."""
        if self.state.confirmed_at is not None:
            return
        moment = await self._database.run(lambda connection: balances.last_confirmed(connection, CHAIN))
        if moment is not None:
            confirmed = moment.at.timestamp()
            self._holder.state = replace(self.state, confirmed_at=confirmed, daa_score=moment.daa_score)

    def _record_failure(self, error: BaseException) -> None:
        """Record why the subscription is not running; log it if the reason is new."""
        reason, waits_for = _explain(error)
        if reason != self._logged_reason or self.state.following:
            log.warning("not following: %s", reason, exc_info=None if waits_for else error)
            self._logged_reason = reason
        since = time.time() if self.state.following else self.state.since
        self._holder.state = replace(self.state, following=False, reason=reason, waits_for=waits_for, since=since)


def _explain(error: BaseException) -> tuple[str, tuple[str, ...]]:
    """(reason, services that the tracker waits for)."""
    match error:
        case DatabaseUnavailable():
            return str(error), ("timescaledb",)
        case NodeUnsuitable() | NodeFault() | ChainReplaced():
            return str(error), ("kaspad",)
        case ValueError():
            return f"kaspad sent an answer that the tracker cannot read: {error}", ("kaspad",)
    return f"the tracker has an internal error: {type(error).__name__}: {error}", ()


def _first_exception(error: BaseException) -> BaseException:
    """The first exception in a group that is not itself a group."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error
