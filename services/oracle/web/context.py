"""What the routes share: the parts of one running oracle."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

from serving.room import Clients, Room

from oracle.history.entries import Store
from oracle.history.writer import Writer
from oracle.live.answer import Answer
from oracle.live.clock import SteadyClock
from oracle.live.core import Live
from oracle.web.generator_price import GeneratorPrice
from oracle.web.listeners import Listeners
from oracle.web.stream import Stream

SOCKETS, SOCKETS_EACH = 4000, 500
"""WebSockets in total, and from one client address."""


@dataclass
class Context:
    """One running oracle."""

    live: Live
    stream: Stream
    clock: SteadyClock
    store: Store | None
    writer: Writer | None
    started_at: float
    feed: asyncio.Task[None] | None = None
    generator: GeneratorPrice = field(default_factory=GeneratorPrice)
    room: Room = field(default_factory=lambda: Room(SOCKETS, SOCKETS_EACH))
    clients: Clients = field(default_factory=Clients)
    listeners: Listeners = field(init=False)

    def __post_init__(self) -> None:
        self.listeners = Listeners(self.stream)

    @property
    def answer(self) -> Answer | None:
        """The latest answer, None before the first."""
        return self.stream.answer

    @property
    def history_fault(self) -> str:
        """Why no history is written, "" if it is."""
        return "no history is kept" if self.writer is None else self.writer.fault

    @property
    def feed_fault(self) -> str:
        """Why the feed ended, "" while it runs."""
        if self.feed is None:
            return "the feed has not started"
        if not self.feed.done():
            return ""
        fault = None if self.feed.cancelled() else self.feed.exception()
        return f"the feed ended: {fault!r}" if fault else "the feed ended"
