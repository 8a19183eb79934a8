"""Reads from the engine over plain HTTP on its socket, without the SDK, whose import takes 136 to 202 ms.

The methods return the same as those of `docker.APIClient` (tests/engine/test_reader.py compares them). Every request
is HTTP/1.0 on its own connection: the engine then answers without chunks and closes, so the body needs no framing.
Paths without a version mean the engine's newest API (moby api/server, "current version").
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from manage import untrusted
from manage.engine.endpoint import address, dial
from manage.errors import NodeyardError

_OK = 200
"""Of HTTP; the import of `http` takes a tenth of a read."""
MAX_ANSWER = 16 << 20
"""Bytes of an answer. A container has some kilobytes, its labels included."""


class EngineRefused(NodeyardError):
    """The engine answered with an error; `status_code` as in the SDK's APIError."""

    def __init__(self, status_code: int, reason: str) -> None:
        super().__init__(f"Docker's engine refused: {reason}.", "See: docker info")
        self.status_code = status_code


class Reader:
    """Read-only requests to the engine; thread-safe. Raises NodeyardError for every failure."""

    def __init__(self, timeout_s: float = 60.0) -> None:
        self._path = address()
        self._timeout_s = timeout_s

    def containers(self, *, all: bool = False, filters: Mapping[str, Any] | None = None) -> list[dict[str, Any]]:
        return list(self._get("/containers/json", limit="-1", all=int(all), size="0", trunc_cmd="0", filters=filters))

    def volumes(self, *, filters: Mapping[str, Any] | None = None) -> dict[str, Any]:
        return dict(self._get("/volumes", filters=filters))

    def networks(self, *, filters: Mapping[str, Any] | None = None) -> list[dict[str, Any]]:
        return list(self._get("/networks", filters=filters))

    def inspect_container(self, container: str) -> dict[str, Any]:
        return dict(self._get(f"/containers/{container}/json"))

    def inspect_image(self, reference: str) -> dict[str, Any]:
        return dict(self._get(f"/images/{reference}/json"))

    def info(self) -> dict[str, Any]:
        return dict(self._get("/info"))

    def version(self, *, api_version: bool = True) -> dict[str, Any]:
        del api_version  # paths in this module have no version
        return dict(self._get("/version"))

    def events(self, *, since: float, until: float, filters: Mapping[str, Any]) -> list[dict[str, Any]]:
        """The events between the two unix times that the engine still remembers (the last 256), oldest first."""
        query = {"since": f"{since:.9f}", "until": f"{until:.9f}", "filters": filters}
        body = require_ok(*self._exchange(_request("/events", query)))
        return [dict(_parsed(line)) for line in body.splitlines() if line.strip()]

    def log(self, container: str, *, tail: int, since: float = 0.0, most: int, timeout_s: float) -> bytes:
        """The last `tail` lines later than `since` (unix s) as the engine sends them, see `manage.engine.log_lines`.

        Ends after `most` bytes or `timeout_s` with what has arrived: a container may write faster than anybody reads.
        """
        request = log_request(container, tail=tail, since=f"{since:.9f}" if since else None)
        return require_ok(*self._exchange(request, most=most, timeout_s=timeout_s))

    def _get(self, path: str, **query: Any) -> Any:
        return _parsed(require_ok(*self._exchange(_request(path, query))))

    def _exchange(self, request: bytes, *, most: int = 0, timeout_s: float = 0.0) -> tuple[int, bytes]:
        """(status, body) of one request; with `most` only its beginning, see `log`."""
        try:
            with dial(self._path, self._timeout_s) as connection:
                connection.sendall(request)
                limit, patience_s = most or MAX_ANSWER, timeout_s or self._timeout_s
                answer = untrusted.receive(connection, limit, patience_s, cut=bool(most))
        except ValueError as error:
            raise NodeyardError(f"The answer of Docker's engine is too large: {error}.", "See: docker info") from error
        except OSError as error:
            raise NodeyardError(
                "Docker's engine stopped answering.",
                "Check the engine (docker info), then run the same command again; it continues.",
            ) from error
        if most and not answer:
            return _OK, b""  # nothing has arrived in time
        return status_of(answer)


def log_request(container: str, **query: Any) -> bytes:
    """The request for both streams of a container's log, with the time of each line."""
    return _request(f"/containers/{container}/logs", {"stdout": 1, "stderr": 1, "timestamps": 1, **query})


def status_of(answer: bytes) -> tuple[int, bytes]:
    """(status, body) of an answer of the engine. Raises NodeyardError if it is not HTTP."""
    head, blank, body = answer.partition(b"\r\n\r\n")
    words = head.split(b"\r\n", 1)[0].split(b" ", 2)
    if not blank or len(words) < 2 or not words[1].isdigit():
        raise NodeyardError("Docker's socket does not answer with HTTP.", "See: docker version")
    return int(words[1]), body


def _request(path: str, query: Mapping[str, Any]) -> bytes:
    words = [f"{name}={_quoted(value)}" for name, value in query.items() if value is not None]
    target = f"{path}?{'&'.join(words)}" if words else path
    return f"GET {target} HTTP/1.0\r\nHost: docker\r\n\r\n".encode()


def _quoted(value: Any) -> str:
    if not isinstance(value, Mapping):
        return str(value)
    from urllib.parse import quote

    return quote(json.dumps({key: found if isinstance(found, list) else [found] for key, found in value.items()}))


def _parsed(body: bytes) -> Any:
    try:
        return untrusted.parse_json(body, most=MAX_ANSWER)
    except ValueError as error:
        raise NodeyardError("Docker's engine closed the connection in the middle of an answer.") from error


def require_ok(status: int, body: bytes) -> bytes:
    """The body of a good answer. Raises EngineRefused."""
    if status == _OK:
        return body
    reason = body.decode("utf-8", "replace").strip()
    if reason.startswith("{"):
        reason = str(_parsed(body).get("message", reason))
    raise EngineRefused(status, reason.rstrip("."))
