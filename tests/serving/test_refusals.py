"""What a caller reads when a service refuses or fails, asked of a real application."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import MutableMapping
from typing import Any

import pytest
from fastapi import FastAPI
from serving import refusals
from serving.refusals import Refused
from starlette.exceptions import HTTPException


class Away(Exception):
    """A fault of the service's own."""


FAULTS = {
    "/refused": Refused(422, "It is too long."),
    "/away": Away("it sleeps"),
    "/teapot": HTTPException(418, "It is a teapot."),
    "/broken": ZeroDivisionError("the password is hunter2"),
}


@pytest.fixture
def service() -> FastAPI:
    app = FastAPI(docs_url=None, redoc_url=None)

    @app.get("/{name}")
    async def fault(name: str) -> None:
        raise FAULTS[f"/{name}"]

    refusals.install(app, "mint", "/index", {Away: lambda error: (503, f"The mint waits: {error}.")})
    return app


def ask(app: FastAPI, path: str, method: str = "GET", sent_body: bytes = b"") -> tuple[int, Any]:
    """Status and parsed body."""
    sent: list[MutableMapping[str, Any]] = []

    async def receive() -> MutableMapping[str, Any]:
        return {"type": "http.request", "body": sent_body, "more_body": False}

    async def send(message: MutableMapping[str, Any]) -> None:
        sent.append(message)

    scope = {"type": "http", "method": method, "path": path, "query_string": b"", "headers": []}
    if sent_body:
        scope["headers"] = [(b"content-type", b"application/json")]
    with contextlib.suppress(ZeroDivisionError):  # answered, and then raised again for the server's log
        asyncio.run(app(scope, receive, send))
    body = b"".join(message.get("body", b"") for message in sent)
    return sent[0]["status"], json.loads(body)


@pytest.mark.parametrize(
    ("path", "method", "status", "sentence"),
    [
        ("/refused", "GET", 422, "It is too long."),
        ("/away", "GET", 503, "The mint waits: it sleeps."),
        ("/teapot", "GET", 418, "It is a teapot."),
        ("/no/such/route", "GET", 404, "The mint has no such path. /index lists all paths."),
        ("/away", "POST", 405, "This path of the mint does not accept this method. /index lists all paths."),
    ],
)
def test_a_refusal_is_one_sentence(service: FastAPI, path: str, method: str, status: int, sentence: str) -> None:
    assert ask(service, path, method) == (status, {"error": sentence})


def test_a_fault_that_nobody_foresaw_tells_the_caller_nothing_of_itself(service: FastAPI) -> None:
    assert ask(service, "/broken") == (500, {"error": "The mint failed. Its log has the details."})


def test_a_body_that_is_no_text_is_refused_like_one_that_is_no_json(service: FastAPI) -> None:
    @service.post("/")
    async def add(given: dict[str, int]) -> None:
        """Whatever it is."""

    assert ask(service, "/", "POST", b"\xff\x1e\xff") == (422, {"error": "The body is not valid JSON."})
