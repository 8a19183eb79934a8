"""Every refusal as JSON with one sentence: {"error": "..."}."""

from __future__ import annotations

from fastapi import FastAPI, Request
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse

from oracle.history.entries import HistoryUnavailable


class Refused(Exception):
    """The request cannot be served; `status` is the HTTP status, the message a sentence for the caller."""

    def __init__(self, status: int, sentence: str) -> None:
        super().__init__(sentence)
        self.status = status
        self.sentence = sentence


def install(app: FastAPI) -> None:
    """Let `app` answer all its faults in our words."""

    async def refused(_: Request, error: Exception) -> JSONResponse:
        status, sentence = _words(error)
        return JSONResponse({"error": sentence}, status_code=status)

    for kind in (Refused, HTTPException, HistoryUnavailable, Exception):
        app.add_exception_handler(kind, refused)


def _words(error: Exception) -> tuple[int, str]:
    match error:
        case Refused():
            return error.status, error.sentence
        case HTTPException(status_code=404):
            return 404, "There is nothing at this address of the oracle; /openapi.json lists what there is."
        case HTTPException(status_code=405):
            return 405, "This address of the oracle does not take this method; /openapi.json lists what there is."
        case HTTPException():
            return error.status_code, str(error.detail)
        case HistoryUnavailable():
            return 503, f"The oracle waits for its history: {error}."
    return 500, "The oracle failed by itself; its log says how."
