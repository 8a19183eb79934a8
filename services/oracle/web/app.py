"""The parts put together: an ASGI application whose lifespan runs the feed."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

from fastapi import FastAPI
from starlette.responses import FileResponse
from starlette.staticfiles import StaticFiles

from oracle.history.entries import Store
from oracle.history.postgres import PostgresStore
from oracle.history.sqlite import SqliteStore
from oracle.history.writer import Writer
from oracle.live.answer import Market
from oracle.live.clock import SteadyClock
from oracle.live.core import Live, Told
from oracle.live.feed import Feed
from oracle.live.node import Node
from oracle.web import faults, messages, routes, socket_route
from oracle.web.headers import SafeHeaders
from oracle.web.parts import Parts
from oracle.web.settings import Settings
from oracle.web.stream import Stream
from oracle.weights import load

log = logging.getLogger(__name__)
PAGE = Path(__file__).with_name("page")


def store_of(settings: Settings) -> Store | None:
    """Where history goes."""
    if settings.database_url and settings.database_password_file:
        return PostgresStore(settings.database_url, settings.database_password_file)
    return SqliteStore(settings.history_file) if settings.history_file else None


def build(settings: Settings, ended: Callable[[], None] = lambda: None) -> FastAPI:
    """The application. It starts without waiting for node or database; /ready says when it has them.

    `ended` is called when the feed fails, which is a fault of ours: the process should end, too.
    """
    clock, stream = SteadyClock(), Stream()
    live = Live(load(), settings.node.market)
    store = store_of(settings)
    parts = Parts(live, stream, clock, store, Writer(store) if store else None, clock.now())

    def tell(told: Told) -> None:
        stream.publish(told, messages.stats(live, parts.started_at, told.answer.at), parts.flow.told)
        parts.crowd.tell()
        if parts.writer is not None:
            parts.writer.note(told.answer)

    def feed_ended(feed: asyncio.Task[None]) -> None:
        if not feed.cancelled():
            log.error("the feed has failed", exc_info=feed.exception())
            ended()

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        node = Node(settings.node.client(), settings.node.network)
        feed = asyncio.create_task(Feed(node, settings.node.zmq, live, tell, clock=clock).run())
        feed.add_done_callback(feed_ended)
        parts.feed = feed
        running: list[asyncio.Task[None]] = [feed]
        if parts.writer is not None:
            running.append(asyncio.create_task(parts.writer.run()))
        if live.market is Market.SYNTHETIC:
            running.append(asyncio.create_task(parts.flow.run(node)))
        try:
            yield
        finally:
            for task in running:
                task.cancel()
            await asyncio.gather(*running, return_exceptions=True)
            if store is not None:
                await store.close()

    app = FastAPI(
        title="Nodeyard oracle",
        description="The BTC price from what people pay, without an exchange. Prices are USD per BTC, times unix "
        "seconds. WS /ws/mempool sends every answer as it is given.",
        version="1",
        docs_url=None,
        redoc_url=None,
        lifespan=lifespan,
    )
    app.include_router(routes.router(parts))
    app.include_router(socket_route.router(parts))

    @app.get("/", include_in_schema=False)
    async def index() -> FileResponse:
        return FileResponse(PAGE / "index.html", media_type="text/html")

    app.mount("/page", StaticFiles(directory=PAGE), name="page")
    faults.install(app)
    app.add_middleware(SafeHeaders)
    return app
