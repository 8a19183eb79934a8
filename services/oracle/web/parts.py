"""What the routes share."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

from oracle.history.entries import Store
from oracle.history.writer import Writer
from oracle.live.answer import Answer
from oracle.live.clock import SteadyClock
from oracle.live.core import Live
from oracle.web.crowd import Crowd
from oracle.web.flow import Flow
from oracle.web.stream import Stream


@dataclass
class Parts:
    """One running oracle."""

    live: Live
    stream: Stream
    clock: SteadyClock
    store: Store | None
    writer: Writer | None
    started_at: float
    feed: asyncio.Task[None] | None = None
    flow: Flow = field(default_factory=Flow)
    crowd: Crowd = field(init=False)

    def __post_init__(self) -> None:
        self.crowd = Crowd(self.stream)

    @property
    def answer(self) -> Answer | None:
        """The newest, None before the first tick."""
        return self.stream.answer

    @property
    def history_fault(self) -> str:
        """Why history is not written, "" when it is."""
        return "no history is kept" if self.writer is None else self.writer.fault

    @property
    def feed_fault(self) -> str:
        """Why the feed has ended, "" while it runs."""
        if self.feed is None:
            return "the feed has not been started"
        if not self.feed.done():
            return ""
        fault = None if self.feed.cancelled() else self.feed.exception()
        return f"the feed has ended: {fault!r}" if fault else "the feed has ended"
