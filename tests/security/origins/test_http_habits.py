"""Tracker and oracle: HEAD wherever GET is, and no redirect that names a host."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI
from oracle.web import app as oracle
from oracle.web import settings as oracle_settings
from tracker import app as tracker
from tracker import settings as tracker_settings

TOKEN = "t" * 32
METHODS = ("DELETE", "GET", "HEAD", "PATCH", "POST", "PUT")


@pytest.fixture(params=["tracker", "oracle"])
def app(request: pytest.FixtureRequest, tmp_path: Path) -> FastAPI:
    if request.param == "oracle":
        (tmp_path / "cookie").write_text("u:p")
        env = {"NETWORK": "sandbox", "BITCOIND_COOKIE_FILE": str(tmp_path / "cookie"), "ROOT_PATH": "/oracle"}
        return oracle.build(oracle_settings.from_env(env))
    (tmp_path / "secret").write_text(TOKEN)
    env = {
        "NETWORK": "sandbox",
        "LISTEN": "127.0.0.1:8000",
        "KASPAD_URL": "ws://127.0.0.1:1",
        "DATABASE_URL": "postgresql://tracker@127.0.0.1:1/tracker",
        "DATABASE_PASSWORD_FILE": str(tmp_path / "secret"),
        "TOKEN_FILE": str(tmp_path / "secret"),
    }
    return tracker.build(tracker_settings.from_env(env))


def ask(app: FastAPI, method: str, path: str) -> tuple[int, dict[str, str], bytes]:
    """(status, headers, body) of one request, as the server's protocol would ask."""
    sent: list[dict[str, Any]] = []
    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": method,
        "scheme": "http",
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "root_path": "",
        "headers": [(b"host", b"evil.example"), (b"authorization", f"Bearer {TOKEN}".encode())],
        "client": ("127.0.0.1", 1),
        "server": ("127.0.0.1", 8000),
    }

    body = iter([{"type": "http.request", "body": b"", "more_body": False}])

    async def receive() -> dict[str, Any]:
        for message in body:
            return message
        return await asyncio.Future[dict[str, Any]]()  # the client stays

    async def send(message: Any) -> None:
        sent.append(message)

    asyncio.run(asyncio.wait_for(app(scope, receive, send), 20))
    headers = {name.decode().lower(): value.decode() for name, value in sent[0]["headers"]}
    return sent[0]["status"], headers, b"".join(message.get("body", b"") for message in sent[1:])


def paths(app: FastAPI) -> list[str]:
    found = [re.sub(r"{\w+}", "x", path) for path in app.openapi()["paths"]]
    return [*found, "/", "/openapi.json", "/docs", "/page/oracle.css", "/nothing"]


@pytest.mark.promise("Tracker and oracle answer HEAD wherever they answer GET", runs="ci")
def test_head_answers_what_get_answers_without_the_body(app: FastAPI) -> None:
    assert len(paths(app)) > 8
    for path in paths(app):
        status, headers, body = ask(app, "GET", path)
        head_status, head_headers, head_body = ask(app, "HEAD", path)
        assert (head_status, head_body) == (status, b""), path
        assert head_headers.get("content-type") == headers.get("content-type"), path
        assert status != 405 or path == "/api/addresses/x", path
        assert body or status in (204, 304), path


@pytest.mark.promise("A refused method is answered with all methods of that path", runs="ci")
def test_a_refused_method_names_those_of_the_path(app: FastAPI) -> None:
    refused = {
        path: headers for path in paths(app) for status, headers, _ in [ask(app, "TRACE", path)] if status == 405
    }
    assert len(refused) > 5
    for path, headers in refused.items():
        allowed = headers["allow"].split(", ")
        assert allowed == [name for name in METHODS if ask(app, name, path)[0] != 405], path


def test_no_answer_leads_to_another_host(app: FastAPI) -> None:
    known = paths(app)
    odd = [*(f"{path}/" for path in known), *(f"/{path}" for path in known), "/page", "//evil.example/"]
    for path in (*known, *odd):
        for method in ("GET", "HEAD", "POST"):
            _, headers, _ = ask(app, method, path)
            assert "location" not in headers, path
