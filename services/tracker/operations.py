"""The routes for operators and their tools: health, readiness, metrics, API documentation."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import asdict

from fastapi import APIRouter, Request, Response
from serving.prometheus import CONTENT_TYPE, Family, exposition
from starlette.responses import HTMLResponse, PlainTextResponse

from tracker.counters import Counters
from tracker.docs_page import page
from tracker.parts import Parts
from tracker.schemas import DatabaseEdition, Live, Ready
from tracker.standing import Standing, balance_state, fault, readiness
from tracker.store import accounts
from tracker.store.accounts import Account
from tracker.store.database import DatabaseUnavailable


def router(parts: Parts) -> APIRouter:
    operations = APIRouter()
    database, follower = parts.database, parts.follower

    async def followed() -> list[Account] | None:
        """The accounts; None while the database is unavailable."""
        try:
            await database.require()
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
        return Live(network=parts.network.name, uptime_s=round(time.time() - parts.started_at, 3), database=shown)

    @operations.get("/ready", responses={503: {"model": Ready}})
    async def ready(response: Response) -> Ready:
        """200 while every balance is current; otherwise 503 with the reason."""
        standing, now = follower.standing, time.time()
        answer = readiness(standing, database.health.reason(time.monotonic()), now)
        response.status_code = 200 if answer.ready else 503
        known = await followed()
        return Ready(
            ready=answer.ready,
            reason=answer.reason,
            waits_for=list(answer.waits_for),
            followed=None if known is None else len(known),
            last_event_age_s=None if standing.last_event_at is None else round(now - standing.last_event_at, 3),
            network=parts.network.name,
            daa_score=standing.daa_score or None,
        )

    @operations.get("/metrics", response_class=PlainTextResponse)
    async def metrics() -> PlainTextResponse:
        """Metrics in the text format of Prometheus."""
        database_up = not database.health.reason(time.monotonic())
        families = _families(parts.counters, follower.standing, await followed(), database_up, time.time())
        return PlainTextResponse(exposition(families), media_type=CONTENT_TYPE)

    @operations.get("/docs", include_in_schema=False)
    async def docs(request: Request) -> HTMLResponse:
        return HTMLResponse(page(request.app.openapi(), request.scope.get("root_path", "")))

    return operations


def _families(
    counters: Counters, standing: Standing, known: Sequence[Account] | None, database_up: bool, now: float
) -> list[Family]:
    """The metrics at `now` (unix seconds). While the database is unavailable, the ages of balances are missing."""
    ages = [age for account in known or () if (age := balance_state(account, standing, now).age_s) is not None]
    families = [
        Family("tracker_database_up", "gauge", "1 while the database answers.", [({}, database_up)]),
        Family("tracker_in_force", "gauge", "1 while balances are current.", [({}, not fault(standing, now))]),
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
        Family("tracker_daa_score", "gauge", "Virtual DAA score last confirmed.", [({}, standing.daa_score)]),
    ]
    if known is not None:
        families.append(Family("tracker_followed_addresses", "gauge", "Addresses followed.", [({}, len(known))]))
    if ages:
        families.append(Family("tracker_value_age_seconds", "gauge", "Age of the oldest balance.", [({}, max(ages))]))
    return families
