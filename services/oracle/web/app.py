"""The ASGI application. Its lifespan runs the feed."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

from fastapi import FastAPI
from serving.head import HeadAsGet
from serving.room import Clients, Room
from starlette.responses import FileResponse
from starlette.staticfiles import StaticFiles

from oracle.history.entries import Store
from oracle.history.postgres import PostgresStore
from oracle.history.sqlite import SqliteStore
from oracle.history.writer import Writer
from oracle.live.answer import Market
from oracle.live.clock import SteadyClock
from oracle.live.core import Live, Update
from oracle.live.feed import Feed
from oracle.live.node import Node
from oracle.web import error_handlers, messages, routes, socket_route
from oracle.web.context import SOCKETS, Context
from oracle.web.headers import SafeHeaders
from oracle.web.settings import Settings
from oracle.web.stream import Stream
from oracle.weights import load

log = logging.getLogger(__name__)
PAGE = Path(__file__).with_name("page")


def store_of(settings: Settings) -> Store | None:
    """Where the history is stored, None without one."""
    if settings.database_url and settings.database_password_file:
        return PostgresStore(settings.database_url, settings.database_password_file)
    return SqliteStore(settings.history_file) if settings.history_file else None


def build(settings: Settings, ended: Callable[[], None] = lambda: None) -> FastAPI:
    """The application. It starts without waiting for the node or the database; /ready reports when it has them.

    `ended` is called when the feed fails, which is a bug: the process should end.
    """
    clock, stream = SteadyClock(), Stream()
    live = Live(load(), settings.node.market)
    store = store_of(settings)
    context = Context(live, stream, clock, store, Writer(store) if store else None, clock.now())
    context.room, context.clients = Room(SOCKETS, settings.sockets_each), Clients(settings.proxy)

    def publish(update: Update) -> None:
        stream.publish(update, messages.stats(live, context.started_at, update.answer.at), context.generator.latest)
        context.listeners.send()
        if context.writer is not None:
            context.writer.note(update.answer)

    def feed_ended(feed: asyncio.Task[None]) -> None:
        if not feed.cancelled():
            log.error("the feed has failed", exc_info=feed.exception())
            ended()

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        node = Node(settings.node.client(), settings.node.network)
        feed = asyncio.create_task(Feed(node, settings.node.zmq, live, publish, clock=clock).run())
        feed.add_done_callback(feed_ended)
        context.feed = feed
        running: list[asyncio.Task[None]] = [feed]
        if context.writer is not None:
            running.append(asyncio.create_task(context.writer.run()))
        if live.market is Market.SYNTHETIC:
            running.append(asyncio.create_task(context.generator.run(node)))
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
        description="The BTC price from payments on the chain, without an exchange. Prices are in USD per BTC, times "
        "in unix seconds. WS /ws/mempool sends every new price.",
        version="1",
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,  # the redirect would name scheme and host, which a TLS proxy in front changes
        lifespan=lifespan,
    )
    app.include_router(routes.router(context))
    app.include_router(socket_route.router(context))

    @app.get("/", include_in_schema=False)
    async def index() -> FileResponse:
        return FileResponse(PAGE / "index.html", media_type="text/html")

    app.mount("/page", StaticFiles(directory=PAGE), name="page")
    error_handlers.install(app)
    app.add_middleware(SafeHeaders)
    app.add_middleware(HeadAsGet)
    return app
