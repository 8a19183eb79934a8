"""Keeps a session with kaspad alive, one after the other, and says how it stands."""

from __future__ import annotations

import asyncio
import logging
import time
from dataclasses import replace

from nodeclients.errors import NodeFault

from tracker import node
from tracker.counters import Counters
from tracker.networks import KaspaNetwork
from tracker.node import NodeUnfit
from tracker.session import Follow, Session, Unfollow
from tracker.standing import Board, Standing, fault
from tracker.store import balances
from tracker.store.accounts import CHAIN
from tracker.store.database import Database, DatabaseUnavailable

log = logging.getLogger(__name__)

FIRST_DELAY_S = 0.1
LONGEST_DELAY_S = 0.6
"""The node is ours and near: one that returns is found within a second."""
ASK_DEADLINE_S = 3.0


class NotConfirmed(Exception):
    """The node cannot be asked at the moment; a sentence."""


class Follower:
    """Follows every account of the database while `run` runs; the rest may be called meanwhile."""

    def __init__(self, url: str, network: KaspaNetwork, database: Database, counters: Counters) -> None:
        self._url = url
        self._network = network
        self._database = database
        self._counters = counters
        self._board = Board()
        self._session: Session | None = None
        self._said = ""

    @property
    def standing(self) -> Standing:
        return self._board.standing

    async def run(self) -> None:
        """Sessions without end. Each starts with a resync, the first as `connect`, the others as `reconnect`."""
        cause, delay = "connect", FIRST_DELAY_S
        await self._database.checked.wait()
        while True:
            try:
                await self._database.require()
                await self._recall()
                self._session = Session(self._url, self._network, self._database, self._counters, self._board)
                await self._session.run(cause)
            except Exception as error:
                lost = self.standing.in_force
                self._note(_first(error))
                if lost:
                    self._counters.sessions_lost += 1
                    cause, delay = "reconnect", FIRST_DELAY_S
            finally:
                self._session = None
            await asyncio.sleep(delay)
            delay = min(2 * delay, LONGEST_DELAY_S)

    def follow(self, address: str) -> None:
        """An account was added. Without a session there is nothing to do: the next one starts with all accounts."""
        if self._session is not None:
            self._session.inbox.put_nowait(Follow(address))

    def unfollow(self, address: str) -> None:
        if self._session is not None:
            self._session.inbox.put_nowait(Unfollow(address))

    async def ask(self, address: str) -> int:
        """Balance in sompi of any address, from the node itself. NotConfirmed when it cannot tell; never 0 for that."""
        reason = fault(self.standing, time.time())
        session = self._session
        if reason or session is None:
            raise NotConfirmed(reason or "kaspad is not connected")
        try:
            return (await node.balances(session.calls, [address], ASK_DEADLINE_S))[address]
        except (NodeFault, ValueError, KeyError) as error:
            raise NotConfirmed(f"kaspad did not tell the balance: {error}") from error

    async def _recall(self) -> None:
        """After a start: since when the balances in the database are no longer confirmed."""
        if self.standing.confirmed_at is not None:
            return
        moment = await self._database.run(lambda connection: balances.confirmed(connection, CHAIN))
        if moment is not None:
            confirmed = moment.at.timestamp()
            self._board.standing = replace(self.standing, confirmed_at=confirmed, daa_score=moment.daa_score)

    def _note(self, error: BaseException) -> None:
        """Write down why nothing is in force, and say it in the log when it is news."""
        reason, waits_for = _explain(error)
        if reason != self._said or self.standing.in_force:
            log.warning("not following: %s", reason, exc_info=None if waits_for else error)
            self._said = reason
        since = time.time() if self.standing.in_force else self.standing.since
        self._board.standing = replace(self.standing, in_force=False, reason=reason, waits_for=waits_for, since=since)


def _explain(error: BaseException) -> tuple[str, tuple[str, ...]]:
    """(sentence, services that must do something about it)."""
    match error:
        case DatabaseUnavailable():
            return str(error), ("timescaledb",)
        case NodeUnfit() | NodeFault():
            return str(error), ("kaspad",)
        case ValueError():
            return f"kaspad sent what the tracker cannot read: {error}", ("kaspad",)
    return f"the tracker failed by itself: {type(error).__name__}: {error}", ()


def _first(error: BaseException) -> BaseException:
    """The first plain exception within a group."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error
