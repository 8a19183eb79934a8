"""A TCP proxy whose connections can stop forwarding, without a reset: what a cut cable looks like."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Self


class SwallowingProxy:
    """Forwards to a port of 127.0.0.1.

    `swallow` silences the connections open then, and later ones work; `cut` silences those and all later ones until
    `heal`. A silent connection stays open and silent for ever, and does not even pass on that an end has closed.
    Connections have numbers from 1.
    """

    def __init__(self, target: int) -> None:
        self._target = target
        self._dead: set[int] = set()
        self._is_cut = False
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

    def swallow(self, only: int = 0) -> None:
        """From now on the open connections take bytes and deliver none, or `only` the one with this number."""
        self._dead.update([only] if only else range(1, self.accepted + 1))

    def cut(self) -> None:
        self._is_cut = True
        self.swallow()

    def heal(self) -> None:
        self.swallow()
        self._is_cut = False

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.accepted += 1
        number = self.accepted
        self._writers.append(writer)
        try:
            there, back = await asyncio.open_connection("127.0.0.1", self._target)
        except OSError:
            writer.close()
            return
        self._writers.append(back)
        for source, sink in ((reader, back), (there, writer)):
            task = asyncio.create_task(self._pump(number, source, sink))
            self._tasks.add(task)

    async def _pump(self, number: int, source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
        try:
            while data := await source.read(65536):
                if self._forwards(number):
                    sink.write(data)
                    await sink.drain()
        except ConnectionError:
            pass
        if self._forwards(number):
            sink.close()

    def _forwards(self, number: int) -> bool:
        return number not in self._dead and not self._is_cut


@contextmanager
def in_front_of(port: int) -> Iterator[SwallowingProxy]:
    """One in a thread of its own, for tests that do not run in an event loop."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    proxy = asyncio.run_coroutine_threadsafe(SwallowingProxy(port).__aenter__(), loop).result(10)
    try:
        yield proxy
    finally:
        asyncio.run_coroutine_threadsafe(proxy.__aexit__(None, None, None), loop).result(10)
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()
