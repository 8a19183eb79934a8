"""A service of ours as its container runs it, and its HTTP as a user sees it."""

from __future__ import annotations

import http.client
import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from tests.stage.processes import SERVICES, Child


class Answer(NamedTuple):
    status: int
    body: Any
    """Parsed when it is JSON, else text."""
    headers: dict[str, str]


class Service(Child):
    """`python -m NAME` on a loopback port; its log is `NAME.log` in `folder`."""

    def __init__(self, name: str, folder: Path, port: int, env: Mapping[str, str]) -> None:
        self.port = port
        self.url = f"http://127.0.0.1:{port}"
        given = {"PYTHONPATH": str(SERVICES), "LISTEN": f"127.0.0.1:{port}", "LOG_LEVEL": "debug", **env}
        super().__init__([sys.executable, "-m", name], given, folder / f"{name}.log")

    def request(self, method: str, path: str, body: Any = None, headers: Mapping[str, str] | None = None) -> Answer:
        """One request. A `body` that is no text is sent as JSON."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        sent = dict(headers or {})
        if body is not None:
            sent["Content-Type"] = "application/json"
        try:
            connection.request(method, path, body if body is None or isinstance(body, str) else json.dumps(body), sent)
            response = connection.getresponse()
            text = response.read().decode()
            kind = response.headers.get("content-type", "")
            parsed = json.loads(text) if kind.startswith("application/json") else text
            return Answer(response.status, parsed, {key.lower(): value for key, value in response.headers.items()})
        finally:
            connection.close()

    def get(self, path: str) -> Answer:
        return self.request("GET", path)

    def metric(self, line_start: str) -> float:
        """The value of the sample that begins so, 0 when there is none."""
        text: str = self.get("/metrics").body
        return sum(float(line.rsplit(" ", 1)[1]) for line in text.splitlines() if line.startswith(line_start))

    def is_up(self) -> bool:
        try:
            return self.get("/health").status == 200
        except OSError:
            return False
