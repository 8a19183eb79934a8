"""The feed in a thread of the test, so that the test can look inside."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from typing import TypeVar

from nodeclients.bitcoind import BitcoindClient, PasswordFile
from nodeclients.zmq import Frame
from oracle.live.answer import Market
from oracle.live.clock import SteadyClock
from oracle.live.core import Live, Update
from oracle.live.feed import Feed
from oracle.live.node import Node
from oracle.weights import load

from tests.oracle.bitcoind import Bitcoind
from tests.stage.waiting import until

T = TypeVar("T")


class Following:
    """`with Following(node) as oracle:` follows `node`, over `zmq` if that is another address."""

    def __init__(
        self,
        node: Bitcoind,
        zmq: str = "",
        *,
        network: str = "private",
        market: Market = Market.SYNTHETIC,
        record: Callable[[Frame], None] = lambda _: None,
        clock: SteadyClock | None = None,
    ) -> None:
        self.live = Live(load(), market)
        self.told: list[Update] = []
        credentials = PasswordFile("host", node.running.password_file("host"))
        client = BitcoindClient("127.0.0.1", node.rpc_port, credentials, timeout_s=3)
        self._node = node
        self._feed = Feed(
            Node(client, network), zmq or node.zmq, self.live, self.told.append, record=record, clock=clock
        )
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> Following:
        self._thread.start()
        until(lambda: self.told)
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(lambda: [task.cancel() for task in asyncio.all_tasks()])
        self._thread.join(10)
        self._loop.close()

    def inside(self, look: Callable[[Live], T]) -> T:
        """`look` as the feed's own loop sees it, between two frames."""

        async def see() -> T:
            return look(self.live)

        return asyncio.run_coroutine_threadsafe(see(), self._loop).result(10)

    @property
    def now(self) -> Update:
        """The newest answer."""
        return self.told[-1]

    def wait_in_step(self, deadline_s: float = 30.0) -> None:
        """Wait until the tracked set equals the node's mempool."""

        def look(live: Live) -> tuple[str, set[str]]:
            known = "" if live.mempool.exact else "no snapshot yet"
            return live.mempool.lost or known, {txid[::-1].hex() for txid in live.mempool.tracked}

        def in_step() -> bool:
            lost, tracked = self.inside(look)
            return not lost and tracked == self._node.waiting()

        until(in_step, deadline_s)

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        try:
            self._loop.run_until_complete(self._feed.run())
        except asyncio.CancelledError:
            for _ in range(3):  # a transport that is closed needs a turn of the loop to let go of its socket
                self._loop.run_until_complete(asyncio.sleep(0))
