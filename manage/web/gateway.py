"""From uvicorn to Flask: a request takes a thread only once it has arrived completely, and gives it back before the
answer is sent. So slow clients hold no thread.
"""

from __future__ import annotations

import asyncio
import io
import sys
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

from flask import Flask, Request
from werkzeug.exceptions import HTTPException

from manage.web.lanes import PAGES, SIGN_IN, lane_of

Head = tuple[int, list[tuple[str, str]]]
THREADS = {PAGES: 8, SIGN_IN: 6}
"""Threads of a lane; 4 for others. The agent checks the passwords of 4 strangers at most, so 2 threads stay free."""
WAITING = {SIGN_IN: 16}
"""Requests of a lane that may wait for a thread; 256 of others. With 10 ms for a page, the last waits for 0.4 s."""
BUSY = 503, "The dashboard is busy with other requests. Try again in a few seconds."
CROWDED = {SIGN_IN: (429, "Too many people sign in at once. Try again in a few seconds.")}
"""What a request gets when its lane is full; BUSY in others."""
TOO_LARGE = 413, "The form is too large."
MOST_BODIES = 16 << 20
"""Bytes of all bodies together, arriving and being answered: a form has a few hundred, the container has 256 MB."""
SMALL_BODY = 1 << 10
"""Bytes of most forms. Larger bodies get only half of MOST_BODIES: clients that do not finish theirs delay no form.
All connections together hold less than the other half in small bodies."""


class Refused(Exception):
    """The body is not read to its end; `status` and `sentence` are the answer."""

    def __init__(self, status: int, sentence: str) -> None:
        super().__init__(sentence)
        self.status, self.sentence = status, sentence


class ClientLeft(Exception):
    """Before its request was complete."""


@dataclass
class Lane:
    """Threads that only one kind of request uses, so that a flood of one kind does not delay another."""

    name: str
    pool: ThreadPoolExecutor = field(init=False)
    requests: int = 0
    """Running and waiting."""

    def __post_init__(self) -> None:
        self.threads = THREADS.get(self.name, 4)
        self.most = self.threads + WAITING.get(self.name, 256)
        self.pool = ThreadPoolExecutor(self.threads, thread_name_prefix=self.name)

    @property
    def is_full(self) -> bool:
        return self.requests >= self.most


class Gateway:
    """The ASGI application for one Flask app."""

    def __init__(self, app: Flask) -> None:
        self._app = app
        self._lanes: dict[str, Lane] = {}
        self._held = 0
        """Bytes of bodies."""

    async def __call__(self, scope: Mapping[str, Any], receive: Callable[..., Any], send: Callable[..., Any]) -> None:
        """One request. uvicorn runs it without lifespan and without WebSockets, so `scope` is that of HTTP."""
        body = bytearray()
        try:
            await self._read(receive, body)
            await self._answer(_environ(scope, bytes(body)), send)
        except Refused as refused:
            await _send(send, refused.status, [], refused.sentence.encode(), then_close=True)
        except ClientLeft:
            pass
        finally:
            self._held -= len(body)

    async def _read(self, receive: Callable[..., Any], body: bytearray) -> None:
        """Fill `body`. Raises Refused if it, or all bodies together, are too large, and ClientLeft."""
        most, more = int(self._app.config["MAX_CONTENT_LENGTH"]), True
        while more:
            message = await receive()
            if message["type"] == "http.disconnect":
                raise ClientLeft
            part = message.get("body", b"")
            body += part
            self._held += len(part)
            if len(body) > most:
                raise Refused(*TOO_LARGE)
            if self._held > (MOST_BODIES if len(body) <= SMALL_BODY else MOST_BODIES // 2):
                raise Refused(*BUSY)
            more = message.get("more_body", False)

    async def _answer(self, environ: dict[str, Any], send: Callable[..., Any]) -> None:
        lane = self._lane(environ)
        if lane.is_full:
            status, sentence = CROWDED.get(lane.name, BUSY)
            await _send(send, status, [("Retry-After", "5")], sentence.encode())
            return
        lane.requests += 1
        try:
            (status, headers), content = await asyncio.get_running_loop().run_in_executor(
                lane.pool, _run, self._app, environ
            )
        finally:
            lane.requests -= 1
        await _send(send, status, headers, content)

    def _lane(self, environ: dict[str, Any]) -> Lane:
        request = Request(environ)
        try:
            endpoint, _ = self._app.url_map.bind("").match(request.path, request.method)
            found = lane_of(self._app.view_functions[endpoint])
            name = found if isinstance(found, str) else found(self._app, request)
        except HTTPException:
            name = PAGES
        if name not in self._lanes:
            self._lanes[name] = Lane(name)
        return self._lanes[name]


def _environ(scope: Mapping[str, Any], body: bytes) -> dict[str, Any]:
    """The request as PEP 3333 describes it. Headers with an underscore would look like others, so they are left out."""
    client, server = scope["client"] or ("", 0), scope["server"] or ("", 0)
    environ: dict[str, Any] = {
        "REQUEST_METHOD": scope["method"],
        "SCRIPT_NAME": "",
        "PATH_INFO": scope["path"].encode().decode("latin-1"),
        "QUERY_STRING": scope["query_string"].decode("latin-1"),
        "SERVER_NAME": server[0],
        "SERVER_PORT": str(server[1]),
        "SERVER_PROTOCOL": f"HTTP/{scope['http_version']}",
        "REMOTE_ADDR": client[0],
        "REMOTE_PORT": str(client[1]),
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": scope["scheme"],
        "wsgi.input": io.BytesIO(body),
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
    }
    for raw, value in scope["headers"]:
        name = raw.decode("latin-1")
        if "_" in name or name == "transfer-encoding":
            continue
        key = name.upper().replace("-", "_")
        key = key if key in ("CONTENT_TYPE", "CONTENT_LENGTH") else f"HTTP_{key}"
        text = value.decode("latin-1")
        separator = "; " if name == "cookie" else ","
        environ[key] = f"{environ[key]}{separator}{text}" if key in environ else text
    environ["CONTENT_LENGTH"] = str(len(body))
    return environ


def _run(app: Flask, environ: dict[str, Any]) -> tuple[Head, bytes]:
    """Status, headers and the whole body. In a thread."""
    head: list[Head] = []

    def start_response(status: str, headers: list[tuple[str, str]], _fault: Any = None) -> Callable[[bytes], object]:
        head[:] = [(int(status.split(" ", 1)[0]), headers)]
        return lambda _: None

    parts: Iterable[bytes] = app.wsgi_app(environ, start_response)
    try:
        body = b"".join(parts)
    finally:
        if close := getattr(parts, "close", None):
            close()
    return head[0], body


async def _send(
    send: Callable[..., Any], status: int, headers: list[tuple[str, str]], body: bytes, *, then_close: bool = False
) -> None:
    if not headers or headers[0][0] == "Retry-After":
        headers = [*headers, ("Content-Type", "text/plain; charset=utf-8"), ("Content-Length", str(len(body)))]
    if then_close:
        headers = [*headers, ("Connection", "close")]
    raw = [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in headers]
    await send({"type": "http.response.start", "status": status, "headers": raw})
    await send({"type": "http.response.body", "body": body})
