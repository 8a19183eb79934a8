"""Notifications of any size and number take bounded memory: beyond it the session ends and balances are read again."""

from __future__ import annotations

import asyncio
import json
from typing import Any, cast

import pytest
from nodeclients.errors import NodeUnreachable
from nodeclients.kaspad import Notification
from tracker import session as sessions
from tracker.counters import Counters
from tracker.follower_state import StateHolder
from tracker.networks import NETWORKS
from tracker.session import Session
from tracker.store.database import Database
from tracker.unanswerable import Unanswerable
from websockets.asyncio.server import ServerConnection, serve

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


def session(url: str) -> Session:
    nothing = cast(Database, None)
    return Session(url, NETWORKS["sandbox"], nothing, Counters(), StateHolder(), unanswerable=Unanswerable())


def removed(number: int) -> dict[str, Any]:
    return {
        "outpoint": {"transactionId": f"{number:064x}", "index": 0},
        "utxoEntry": {"amount": 1, "blockDaaScore": 1, "isCoinbase": False},
        "address": "a",
    }


@pytest.mark.promise("Notifications of any size take bounded memory while the database is slow", runs="ci")
async def test_few_large_notifications_are_too_many() -> None:
    async def handler(socket: ServerConnection) -> None:
        frame = json.dumps({"params": {"UtxosChanged": {"text": "x" * 1_000_000}}})
        for _ in range(100):
            await socket.send(frame)
        await socket.wait_closed()

    async with serve(handler, "127.0.0.1", 0, close_timeout=1) as server, asyncio.timeout(20):
        one = session(f"ws://127.0.0.1:{server.sockets[0].getsockname()[1]}")
        async with one._events:
            with pytest.raises(NodeUnreachable, match="more notifications"):
                await one._receive()
    assert one.inbox.qsize() <= 20


async def test_changes_that_wait_for_a_snapshot_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sessions, "MAX_HELD", 100)
    one = session("ws://127.0.0.1:1")
    one._reader.add([("a",)])
    notes = [Notification("UtxosChanged", {"removed": [removed(n)], "added": []}) for n in range(101)]
    await one._apply(notes[:100])
    with pytest.raises(NodeUnreachable, match="more changes"):
        await one._apply(notes[100:])
