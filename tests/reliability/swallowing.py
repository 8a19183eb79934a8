"""A TCP proxy whose open connections can stop forwarding, without a reset: what a cut cable looks like."""

from __future__ import annotations

import asyncio
from types import TracebackType
from typing import Self


class SwallowingProxy:
    """Forwards to a port of 127.0.0.1. `swallow` silences the connections open then; later ones work."""

    def __init__(self, target: int) -> None:
        self._target = target
        self._dead = 0
        self._tasks: set[asyncio.Task[None]] = set()
        self._writers: list[asyncio.StreamWriter] = []
        self.accepted = 0
        self.port = 0

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for writer in self._writers:
            writer.close()
        await asyncio.gather(*(writer.wait_closed() for writer in self._writers), return_exceptions=True)

    def swallow(self) -> None:
        """From now on the open connections take bytes and deliver none."""
        self._dead = self.accepted

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.accepted += 1
        number = self.accepted
        there, back = await asyncio.open_connection("127.0.0.1", self._target)
        self._writers += [writer, back]
        for source, sink in ((reader, back), (there, writer)):
            task = asyncio.create_task(self._pump(number, source, sink))
            self._tasks.add(task)

    async def _pump(self, number: int, source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
        while data := await source.read(65536):
            if number > self._dead:
                sink.write(data)
                await sink.drain()
