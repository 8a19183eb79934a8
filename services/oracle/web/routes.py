"""The HTTP routes: the page, what operators watch, and the API."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated, Any

from fastapi import APIRouter, Query, Response
from serving.prometheus import CONTENT_TYPE, exposition
from serving.refusals import Refused
from starlette.responses import JSONResponse, PlainTextResponse

from oracle.estimate import State
from oracle.live.answer import Answer, Market
from oracle.live.core import STARTING
from oracle.web import explain, messages, metrics
from oracle.web.context import Context
from oracle.web.history_query import history_range

UNREADY = (State.NOT_READY, State.STALE)
Responses = dict[int | str, dict[str, Any]]
STARTING_UP: Responses = {503: {"description": "The oracle has just started."}}
NO_HISTORY: Responses = {503: {"description": "The history is unavailable; the error says why."}}
UNWELL: Responses = {500: {"description": "The feed has failed; the status says how."}}
NOT_CURRENT: Responses = {503: {"description": "The price is not current; the reason says why."}}


def router(context: Context) -> APIRouter:
    """All routes but the WebSocket."""
    routes = APIRouter()

    def newest() -> Answer:
        answer = context.answer
        if answer is None:
            raise Refused(503, "The oracle has just started. Try again in a second.")
        return answer

    @routes.get("/health", responses=UNWELL)
    async def health() -> JSONResponse:
        """Whether the process works; 500 after a failure."""
        fault = context.feed_fault
        return JSONResponse({"status": fault or "ok"}, status_code=500 if fault else 200)

    @routes.get("/ready", responses=NOT_CURRENT)
    async def ready() -> JSONResponse:
        """Whether the price is current; 503 with the reason if not."""
        answer = newest()
        is_ready = answer.state not in UNREADY and not context.feed_fault
        waits_for = [] if is_ready or answer.reason in STARTING else ["bitcoind"]
        room = context.room
        sockets = {"open": len(room), "most": room.most, "most_each": room.most_each, "crowded": room.crowded()[:3]}
        body = {"ready": is_ready, "waits_for": waits_for, "history": context.history_fault, "sockets": sockets}
        price = messages.price_beside(answer, context.generator.latest)
        return JSONResponse({**body, **price}, status_code=200 if is_ready else 503)

    @routes.get("/metrics", response_class=PlainTextResponse, responses=STARTING_UP)
    async def figures() -> PlainTextResponse:
        """Prometheus metrics."""
        found = metrics.families(
            context.live, newest(), len(context.listeners), context.history_fault, context.generator.latest
        )
        return PlainTextResponse(exposition(found), media_type=CONTENT_TYPE)

    @routes.get("/api/v1/price", responses=STARTING_UP)
    async def price(response: Response) -> dict[str, Any]:
        """The current price of one BTC in USD, its 90 % interval and its quality (`state`, `reason`).

        With a simulator, `flow` has the price that its payments are made at and the error of the estimate, as a
        fraction of that price.
        """
        response.headers["Cache-Control"] = "no-store"
        price = messages.price_beside(newest(), context.generator.latest)
        return {**price, "sequence": context.stream.number, "stream": context.stream.name}

    @routes.get("/api/v1/history", responses=NO_HISTORY)
    async def history(
        first: Annotated[str | None, Query(alias="from")] = None,
        last: Annotated[str | None, Query(alias="to")] = None,
        step: str | None = None,
    ) -> dict[str, Any]:
        """Past prices. `from` and `to` are unix seconds or ISO times, `step` is in seconds."""
        asked = history_range(first, last, step, context.clock.now())
        if context.store is None:
            raise Refused(503, "This oracle keeps no history. Set DATABASE_URL or HISTORY_FILE.")
        buckets = await context.store.read(asked.first, asked.last, asked.step)
        market = context.live.market
        return {
            **{"from": asked.first, "to": asked.last, "step": asked.step, "market": market.value},
            "history": [asdict(bucket) for bucket in buckets if market is not Market.NONE or bucket.price is None],
        }

    @routes.get("/api/v1/histogram", responses=STARTING_UP)
    async def histogram() -> dict[str, Any]:
        """The amounts of the window by size, and the positions of round dollar amounts at the current price."""
        return explain.histogram(context.live, newest())

    @routes.get("/api/v1/explain", responses=STARTING_UP)
    async def why() -> dict[str, Any]:
        """Filter counts, peaks and mempool: everything behind the current price."""
        return explain.basis(context.live, newest(), context.history_fault)

    return routes
