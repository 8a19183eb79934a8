"""The routes for operators and their tools: health, readiness, metrics, API documentation."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import asdict

from fastapi import APIRouter, Request, Response
from serving.prometheus import CONTENT_TYPE, Family, exposition
from starlette.responses import HTMLResponse, PlainTextResponse

from tracker.context import Context
from tracker.counters import Counters
from tracker.docs_page import page
from tracker.follower_state import FollowerState, balance_state, readiness, unconfirmed_reason
from tracker.schemas import DatabaseEdition, Live, Ready
from tracker.store import accounts
from tracker.store.accounts import Account
from tracker.store.database import DatabaseUnavailable


def router(context: Context) -> APIRouter:
    operations = APIRouter()
    database, follower = context.database, context.follower

    async def followed() -> list[Account] | None:
        """The accounts; None while the database is unavailable."""
        try:
            await database.require_available()
            return await database.run(accounts.listing, 2.0)
        except DatabaseUnavailable:
            return None

    @operations.get("/health")
    async def health() -> Live:
        """The process is alive. See /ready for its dependencies."""
        edition = database.health.edition
        shown = (
            None
            if edition is None
            else DatabaseEdition(**asdict(edition), compression=edition.compression, note=edition.sentence)
        )
        return Live(network=context.network.name, uptime_s=round(time.time() - context.started_at, 3), database=shown)

    @operations.get("/ready", responses={503: {"model": Ready}})
    async def ready(response: Response) -> Ready:
        """200 while the balances are current, otherwise 503 with the reason.

        Addresses that the node cannot answer are counted in `unreadable` and named in the reason.
        """
        follower_state, now = follower.state, time.time()
        known = await followed()
        count = None if known is None else len(known)
        answer = readiness(follower_state, database.health.reason(time.monotonic()), now, count)
        response.status_code = 200 if answer.ready else 503
        return Ready(
            ready=answer.ready,
            reason=answer.reason,
            waits_for=list(answer.waits_for),
            followed=count,
            unreadable=len(follower_state.unanswerable),
            last_event_age_s=None
            if follower_state.last_event_at is None
            else round(now - follower_state.last_event_at, 3),
            network=context.network.name,
            daa_score=follower_state.daa_score or None,
        )

    @operations.get("/metrics", response_class=PlainTextResponse)
    async def metrics() -> PlainTextResponse:
        """Metrics in the text format of Prometheus."""
        database_up = not database.health.reason(time.monotonic())
        families = _families(context.counters, follower.state, await followed(), database_up, time.time())
        return PlainTextResponse(exposition(families), media_type=CONTENT_TYPE)

    @operations.get("/docs", include_in_schema=False)
    async def docs(request: Request) -> HTMLResponse:
        return HTMLResponse(page(request.app.openapi(), request.scope.get("root_path", "")))

    return operations


def _families(
    counters: Counters, follower_state: FollowerState, known: Sequence[Account] | None, database_up: bool, now: float
) -> list[Family]:
    """The metrics at `now` (unix seconds). While the database is unavailable, the ages of balances are missing."""
    ages = [age for account in known or () if (age := balance_state(account, follower_state, now).age_s) is not None]
    families = [
        Family("tracker_database_up", "gauge", "1 while the database answers.", [({}, database_up)]),
        Family(
            "tracker_in_force",
            "gauge",
            "1 while balances are current.",
            [({}, not unconfirmed_reason(follower_state, now))],
        ),
        Family("tracker_events_total", "counter", "UtxosChanged notifications applied.", [({}, counters.events)]),
        Family(
            "tracker_resyncs_total",
            "counter",
            "Snapshots taken, by cause.",
            [({"cause": cause}, count) for cause, count in sorted(counters.resyncs.items())],
        ),
        Family("tracker_sessions_lost_total", "counter", "Sessions with kaspad lost.", [({}, counters.sessions_lost)]),
        Family(
            "tracker_requests_total",
            "counter",
            "Requests answered.",
            [
                ({"method": method, "route": route, "status": status}, count)
                for (method, route, status), count in sorted(counters.requests.items())
            ],
        ),
        Family("tracker_daa_score", "gauge", "Virtual DAA score last confirmed.", [({}, follower_state.daa_score)]),
    ]
    families.append(
        Family(
            "tracker_unreadable_addresses",
            "gauge",
            "Addresses that the node cannot answer.",
            [({}, len(follower_state.unanswerable))],
        )
    )
    if known is not None:
        families.append(Family("tracker_followed_addresses", "gauge", "Addresses followed.", [({}, len(known))]))
    if ages:
        families.append(Family("tracker_value_age_seconds", "gauge", "Age of the oldest balance.", [({}, max(ages))]))
    return families
