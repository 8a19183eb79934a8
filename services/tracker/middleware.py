"""Middleware for every request: the bearer token check and the request counter."""

from __future__ import annotations

import hmac

from starlette.datastructures import Headers
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from tracker.counters import Counters

OPEN_PATHS = frozenset({"/health", "/ready"})


class BearerToken:
    """ASGI middleware: without the token only OPEN_PATHS answer. A 401 does not reveal whether the path exists."""

    def __init__(self, app: ASGIApp, token: str) -> None:
        self._app = app
        self._expected = f"bearer {token}".encode()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or _path(scope) in OPEN_PATHS or self._allowed(Headers(scope=scope)):
            await self._app(scope, receive, send)
            return
        answer = JSONResponse(
            {"error": "This route requires the tracker's token in the header Authorization: Bearer TOKEN."},
            status_code=401,
            headers={"WWW-Authenticate": "Bearer"},
        )
        await answer(scope, receive, send)

    def _allowed(self, headers: Headers) -> bool:
        scheme, _, token = headers.get("authorization", "").partition(" ")
        given = f"{scheme.lower()} {token.strip()}".encode()
        return hmac.compare_digest(given, self._expected)  # constant time; may reveal the length, which is not secret


def _path(scope: Scope) -> str:
    """The path as the router sees it: uvicorn prepends the proxy's prefix to every path."""
    path: str = scope["path"]
    return path.removeprefix(scope.get("root_path", ""))


class RequestCount:
    """ASGI middleware: counts answers by method, route (the pattern, never the path with an address) and status."""

    def __init__(self, app: ASGIApp, counters: Counters) -> None:
        self._app = app
        self._counters = counters

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        status = 500

        async def watched(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._app(scope, receive, watched)
        finally:
            route = getattr(scope.get("route"), "path", "other")
            method = scope["method"] if scope["method"] in {"GET", "POST", "DELETE", "HEAD"} else "other"
            self._counters.requests[(method, route, status)] += 1
