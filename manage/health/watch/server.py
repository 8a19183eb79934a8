"""What watch answers on its socket and over HTTP: one JSON line each way, and `/metrics`."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any

from nodeclients.links import WATCH_SERVER

from manage import untrusted
from manage.errors import NodeyardError
from manage.health import snapshot as snapshots
from manage.health.root_cause import evidence
from manage.health.watch import metrics
from manage.health.watch.loop import Watch

MAX_LINE = 64 * 1024
QUIET_S = WATCH_SERVER.deadline_s
"""How long a client may take to send its request."""
MAX_HOURS = 24 * 366.0
SOCKET_MODE = 0o660
"""The group, which the socket inherits from its folder, has the dashboard as member."""


async def serve_socket(watch: Watch, path: Path) -> asyncio.Server:
    """Listen on the unix socket `path`, replacing one that a killed watch process left behind."""
    _remove(path)
    try:
        server = await asyncio.start_unix_server(_handler(watch, _line), str(path), limit=MAX_LINE)
    except OSError as fault:
        raise NodeyardError(f"watch cannot listen on {path}: {fault}.", "Choose a shorter --dir.") from fault
    _open_to_group(path)
    return server


def _remove(path: Path) -> None:
    path.unlink(missing_ok=True)


def _open_to_group(path: Path) -> None:
    path.chmod(SOCKET_MODE)


async def serve_http(watch: Watch, host: str, port: int) -> asyncio.Server:
    """Listen for `GET /metrics` on the addresses of `host`, which is a name of this container on one network."""
    try:
        return await asyncio.start_server(_handler(watch, _http), host, port, limit=MAX_LINE)
    except OSError as fault:
        raise NodeyardError(f"watch cannot listen on {host}:{port}: {fault}.", "See: manage why watch") from fault


Reply = Callable[[Watch, asyncio.StreamReader], Awaitable[bytes]]


def _handler(watch: Watch, reply: Reply) -> Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]:
    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            async with asyncio.timeout(QUIET_S):
                writer.write(await reply(watch, reader))
                await writer.drain()
        except (OSError, TimeoutError, ValueError, asyncio.IncompleteReadError):
            pass  # a client that left or sent no request gets no answer
        finally:
            writer.close()

    return handle


async def _line(watch: Watch, reader: asyncio.StreamReader) -> bytes:
    raw = await reader.readline()
    try:
        request = untrusted.parse_json(raw)
        reply = await answer(watch, request if isinstance(request, dict) else {})
    except ValueError as fault:
        reply = {"error": f"not a request: {fault}"}
    return json.dumps(reply, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"


async def answer(watch: Watch, request: Mapping[str, Any]) -> dict[str, Any]:
    """The answer to one request; `{"error": sentence}` for an invalid one.

    `{"verb": "history", "hours", "service"?}` -> `{"strips": {service: [[from, to, verdict]]}, "series": {service:
    {fact: [[at, mean]]}}}`; `{"verb": "evidence", "service"}` -> `{"service", "evidence", "changes": [[since, verdict,
    reason]]}`; `{"verb": "snapshot"}` -> `{"snapshot"}`, as in snapshot.json; `{"verb": "status"}` -> `{"services",
    "late_s", "history_fault", "memory_bytes"}`. Times in unix s.
    """
    verb, now = request.get("verb"), time.time()
    if verb == "history":
        hours, service = request.get("hours", 24), str(request.get("service", ""))
        if not isinstance(hours, int | float) or not 0 < hours <= MAX_HOURS:
            return {"error": f"hours must be a number above 0 and at most {MAX_HOURS:g}"}
        return {
            "strips": await watch.history.query(lambda history: history.strips(hours, now), {}),
            "series": await watch.history.query(lambda history: history.series(hours, now, service), {}),
        }
    if verb == "evidence":
        snapshot, name = watch.snapshot, str(request.get("service"))
        found = [status for status in snapshot.services if status.name == name] if snapshot else []
        if snapshot is None or not found:
            return {"error": f"there is no service {name} in this stack"}
        return {
            "service": name,
            "evidence": evidence(found[0], snapshot.as_of),
            "changes": await watch.history.query(lambda history: history.changes(name), []),
        }
    if verb == "snapshot":
        return {"snapshot": snapshots.as_json(watch.snapshot)} if watch.snapshot else {"error": "there is none yet"}
    if verb == "status":
        return watch.status()
    return {"error": f"there is no verb {verb}; there are history, evidence, snapshot and status"}


async def _http(watch: Watch, reader: asyncio.StreamReader) -> bytes:
    request = (await reader.readuntil(b"\r\n\r\n")).split(b"\r\n", 1)[0].split()
    path = request[1].split(b"?")[0] if len(request) == 3 else b""
    if not request or request[0] != b"GET":
        return _response(405, "only GET is supported\n")
    if path != b"/metrics":
        return _response(404, "the only path is /metrics\n")
    if watch.snapshot is None:
        return _response(503, "nothing has been watched yet\n")
    return _response(200, metrics.text(watch.snapshot, time.time()), metrics.CONTENT_TYPE)


_PHRASES = {200: "OK", 404: "Not Found", 405: "Method Not Allowed", 503: "Service Unavailable"}


def _response(status: int, body: str, kind: str = "text/plain; charset=utf-8") -> bytes:
    content = body.encode()
    head = f"HTTP/1.1 {status} {_PHRASES[status]}\r\nContent-Type: {kind}\r\nContent-Length: {len(content)}\r\n"
    return f"{head}Connection: close\r\n\r\n".encode() + content
