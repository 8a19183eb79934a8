"""The ASGI application; its lifespan runs the follower."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from fastapi import FastAPI
from serving.head import HeadAsGet

from tracker import api, error_handlers, operations
from tracker.context import Context
from tracker.counters import Counters
from tracker.follower import Follower
from tracker.middleware import BearerToken, RequestCount
from tracker.settings import Settings
from tracker.store.database import Database


def build(settings: Settings) -> FastAPI:
    """The application. It starts without waiting for database or node; /ready says whether both are available."""
    counters = Counters()
    database = Database(settings.database_url, settings.database_password_file)
    follower = Follower(settings.kaspad_url, settings.network, database, counters)
    context = Context(settings.network, database, follower, counters, time.time())

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        await database.open()
        running = [asyncio.create_task(database.watch()), asyncio.create_task(follower.run())]
        try:
            yield
        finally:
            for task in running:
                task.cancel()
            for task in running:
                with suppress(asyncio.CancelledError):
                    await task
            await database.close()

    app = FastAPI(
        title="Nodeyard tracker",
        description="Balances of followed addresses, live from the chain. Every route except /health and /ready "
        "requires the token (manage secrets show tracker_token) in the header Authorization: Bearer TOKEN.",
        version="1",
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,  # the redirect would name scheme and host, which a TLS proxy in front changes
        lifespan=lifespan,
    )
    app.include_router(api.router(context))
    app.include_router(operations.router(context))
    error_handlers.install(app)
    app.add_middleware(BearerToken, token=settings.token)
    app.add_middleware(RequestCount, counters=counters)
    app.add_middleware(HeadAsGet)
    return app
