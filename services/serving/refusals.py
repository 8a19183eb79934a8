"""Every refusal as JSON with one sentence: {"error": "..."}."""

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
    """Let `app` answer all its faults in our words.

    `service` is its name in them, `index` the path that lists its routes. `words` are those of its own exceptions; any
    exception that nobody knows is a 500 that tells the caller nothing but where to look.
    """

    def unserved(error: HTTPException) -> tuple[int, str]:
        match error.status_code:
            case 404:
                return 404, f"There is nothing at this address of the {service}; {index} lists what there is."
            case 405:
                return 405, f"This address of the {service} does not take this method; {index} lists what there is."
        return error.status_code, str(error.detail)

    common: dict[type[Exception], Words] = {
        Refused: lambda error: (error.status, error.sentence),
        HTTPException: unserved,
        Exception: lambda _: (500, f"The {service} failed by itself; its log says how."),
    }
    for kind, say in {**common, **words}.items():
        app.add_exception_handler(kind, _handler(say))


def _handler(say: Words) -> Callable[[Request, Exception], Awaitable[JSONResponse]]:
    async def answer(_: Request, error: Exception) -> JSONResponse:
        status, sentence = say(error)
        return JSONResponse({"error": sentence}, status_code=status)

    return answer
