"""Errors as JSON with one sentence: {"error": "..."}."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from fastapi import FastAPI, Request
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse

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
    async def answer(_: Request, error: Exception) -> JSONResponse:
        status, sentence = say(error)
        return JSONResponse({"error": sentence}, status_code=status)

    return answer
