"""Errors as JSON with one sentence: {"error": "..."}."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from fastapi import FastAPI, Request
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse
from starlette.routing import Match, Mount

METHODS = ("DELETE", "GET", "PATCH", "POST", "PUT")
Words = Callable[[Any], tuple[int, str]]
"""From an exception to the HTTP status and the sentence for the caller."""


class Refused(Exception):
    """The request cannot be served; `status` is the HTTP status, the message a sentence for the caller."""

    def __init__(self, status: int, sentence: str) -> None:
        super().__init__(sentence)
        self.status = status
        self.sentence = sentence


def install(app: FastAPI, service: str, index: str, words: Mapping[type[Exception], Words]) -> None:
    """Make `app` answer every error with a sentence.

    `service` is the name used in the sentences, `index` the path that lists the routes, `words` the service's own
    exceptions. Any other exception is a 500 that only names the log.
    """

    def unserved(error: HTTPException) -> tuple[int, str]:
        match error.status_code:
            case 400:  # FastAPI, of a body whose bytes are no text
                return 422, "The body is not valid JSON."
            case 404:
                return 404, f"The {service} has no such path. {index} lists all paths."
            case 405:
                return 405, f"This path of the {service} does not accept this method. {index} lists all paths."
        return error.status_code, str(error.detail)

    common: dict[type[Exception], Words] = {
        Refused: lambda error: (error.status, error.sentence),
        HTTPException: unserved,
        Exception: lambda _: (500, f"The {service} failed. Its log has the details."),
    }
    for kind, say in {**common, **words}.items():
        app.add_exception_handler(kind, _handler(say))


def _handler(say: Words) -> Callable[[Request, Exception], Awaitable[JSONResponse]]:
    async def answer(request: Request, error: Exception) -> JSONResponse:
        status, sentence = say(error)
        headers = {"Allow": ", ".join(methods(request))} if status == 405 else None
        return JSONResponse({"error": sentence}, status_code=status, headers=headers)

    return answer


def methods(request: Request) -> list[str]:
    """The methods that this path accepts, for the header that every 405 needs (RFC 9110, 15.5.6).

    The router names those of one route, and a path has a route for each method. HEAD is `serving.head`'s.
    """
    outside = request.scope.get("app_root_path", request.scope.get("root_path", ""))
    scope = {**request.scope, "root_path": outside}
    found = {
        method
        for method in METHODS
        for route in request.app.routes
        if route.matches({**scope, "method": method})[0] is Match.FULL
        if method == "GET" or not isinstance(route, Mount)  # a mounted folder of files
    }
    return sorted(found | ({"HEAD"} if "GET" in found else set()))
