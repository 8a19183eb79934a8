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
from oracle.web.asked import history_range
from oracle.web.parts import Parts

UNREADY = (State.NOT_READY, State.STALE)


def router(parts: Parts) -> APIRouter:
    """Everything but the WebSocket."""
    routes = APIRouter()

    def newest() -> Answer:
        answer = parts.answer
        if answer is None:
            raise Refused(503, "The oracle has just started; ask again in a second.")
        return answer

    @routes.get("/health")
    async def health() -> JSONResponse:
        """Whether the process does its work at all; 500 when it has failed."""
        fault = parts.feed_fault
        return JSONResponse({"status": fault or "ok"}, status_code=500 if fault else 200)

    @routes.get("/ready")
    async def ready() -> JSONResponse:
        """Whether answers are fresh; 503 with the reason when they are not."""
        answer = newest()
        is_ready = answer.state not in UNREADY and not parts.feed_fault
        waits_for = [] if is_ready or answer.reason in STARTING else ["bitcoind"]
        body = {"ready": is_ready, "waits_for": waits_for, "history": parts.history_fault}
        told = messages.price_beside(answer, parts.flow.told)
        return JSONResponse({**body, **told}, status_code=200 if is_ready else 503)

    @routes.get("/metrics")
    async def figures() -> PlainTextResponse:
        """Prometheus metrics."""
        found = metrics.families(parts.live, newest(), len(parts.crowd), parts.history_fault, parts.flow.told)
        return PlainTextResponse(exposition(found), media_type=CONTENT_TYPE)

    @routes.get("/api/v1/price")
    async def price(response: Response) -> dict[str, Any]:
        """The price of one BTC in USD now, its 90 % interval, and what it is worth (`state`, `reason`).

        Where a simulator tells its own price, `flow` has it, and the error of ours as a fraction of it.
        """
        response.headers["Cache-Control"] = "no-store"
        told = messages.price_beside(newest(), parts.flow.told)
        return {**told, "sequence": parts.stream.number, "stream": parts.stream.name}

    @routes.get("/api/v1/history")
    async def history(
        first: Annotated[str | None, Query(alias="from")] = None,
        last: Annotated[str | None, Query(alias="to")] = None,
        step: str | None = None,
    ) -> dict[str, Any]:
        """Answers of the past. `from` and `to` are unix seconds or ISO times, `step` is seconds."""
        asked = history_range(first, last, step, parts.clock.now())
        if parts.store is None:
            raise Refused(503, "This oracle keeps no history: set DATABASE_URL or HISTORY_FILE.")
        buckets = await parts.store.read(asked.first, asked.last, asked.step)
        market = parts.live.market
        return {
            **{"from": asked.first, "to": asked.last, "step": asked.step, "market": market.value},
            "history": [asdict(bucket) for bucket in buckets if market is not Market.NONE or bucket.price is None],
        }

    @routes.get("/api/v1/histogram")
    async def histogram() -> dict[str, Any]:
        """The amounts of the window by size, and where round dollar amounts lie at the present price."""
        return explain.histogram(parts.live, newest())

    @routes.get("/api/v1/explain")
    async def why() -> dict[str, Any]:
        """Filter counts, peaks, mempool: everything behind the present answer."""
        return explain.explain(parts.live, newest(), parts.history_fault)

    return routes
