"""Every refusal as JSON with one sentence: {"error": "..."}."""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse

from tracker.follower import NotConfirmed
from tracker.schemas import AddressGiven
from tracker.store.database import DatabaseUnavailable


class Refused(Exception):
    """The request cannot be served; `status` is the HTTP status, the message a sentence for the caller."""

    def __init__(self, status: int, sentence: str) -> None:
        super().__init__(sentence)
        self.status = status
        self.sentence = sentence


def install(app: FastAPI) -> None:
    """Let `app` answer all its faults in our words."""

    async def refused(_: Request, error: Exception) -> JSONResponse:
        return _answer(*_words(error))

    for kind in (Refused, RequestValidationError, HTTPException, DatabaseUnavailable, NotConfirmed, Exception):
        app.add_exception_handler(kind, refused)


def _words(error: Exception) -> tuple[int, str]:
    match error:
        case Refused():
            return error.status, error.sentence
        case RequestValidationError():
            return 422, " ".join(validation_sentence(fault) for fault in error.errors())
        case HTTPException(status_code=404):
            return 404, "There is nothing at this address of the tracker; /docs lists what there is."
        case HTTPException(status_code=405):
            return 405, "This address of the tracker does not take this method; /docs lists what there is."
        case HTTPException():
            return error.status_code, str(error.detail)
        case DatabaseUnavailable():
            return 503, f"The tracker waits for its database: {error}."
        case NotConfirmed():
            return 503, f"The tracker waits for its node: {error}."
    return 500, "The tracker failed by itself; its log says how."


def validation_sentence(fault: Mapping[str, Any]) -> str:
    """One of pydantic's faults in a sentence that names the key."""
    where: Sequence[Any] = [part for part in fault["loc"] if part not in ("body", "query", "path")]
    key = ".".join(str(part) for part in where)
    match fault["type"]:
        case "extra_forbidden":
            known = list(AddressGiven.model_fields)
            near = difflib.get_close_matches(key, known, 1)
            meant = f" Did you mean {near[0]!r}?" if near else ""
            return f"{key!r} is no key of this request; it takes {', '.join(known)}.{meant}"
        case "missing":
            return f"{key!r} is missing." if key else "The request has no body; it must be a JSON object."
        case "json_invalid":
            return "The body is not JSON."
        case "model_attributes_type":
            return "The body must be a JSON object, sent as application/json."
        case "literal_error" if key == "chain":
            return f"The chain {fault['input']!r} is not followed by this tracker; it knows kaspa."
        case "string_pattern_mismatch" if key == "label":
            return "'label' must be one line of text without control characters."
    return f"{key!r} is not usable: {fault['msg']}."


def _answer(status: int, sentence: str) -> JSONResponse:
    return JSONResponse({"error": sentence}, status_code=status)
