"""The tracker as a process of its own, as its container runs it, and what a user of its API does."""

from __future__ import annotations

import http.client
import json
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import psutil

SERVICES = Path(__file__).parents[2] / "services"
TOKEN = "a-token-of-the-tests-0123456789"
T = TypeVar("T")


class Answer(NamedTuple):
    status: int
    body: Any
    """Parsed when it is JSON, else text."""
    headers: dict[str, str]


def until(condition: Callable[[], T], deadline_s: float = 15.0, every_s: float = 0.01) -> T:
    """The first true value of `condition`; AssertionError with its last value after `deadline_s`."""
    deadline = time.monotonic() + deadline_s
    while not (value := condition()):
        assert time.monotonic() < deadline, f"not within {deadline_s} s; last: {value!r}"
        time.sleep(every_s)
    return value


class Tracker:
    """`with Tracker(folder, port, env) as tracker:` runs it; `restart` is what the operator does."""

    def __init__(self, folder: Path, port: int, env: dict[str, str]) -> None:
        token_file = folder / "token"
        token_file.write_text(TOKEN + "\n")
        self.port = port
        self.log = folder / "tracker.log"
        self._env = {
            "PYTHONPATH": str(SERVICES),
            "NETWORK": "sandbox",
            "LISTEN": f"127.0.0.1:{port}",
            "ROOT_PATH": "/tracker",
            "TOKEN_FILE": str(token_file),
            "LOG_LEVEL": "debug",
            **env,
        }
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Tracker:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self) -> None:
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "tracker"], env=self._env, cwd="/", stdout=log, stderr=log
            )
        until(self._listens)

    def stop(self) -> int:
        """SIGTERM; the exit code. At most what the catalog grants as stop_grace_s."""
        assert self._process is not None
        self._process.terminate()
        return self._process.wait(timeout=15)

    def kill(self) -> None:
        assert self._process is not None
        self._process.kill()
        self._process.wait()

    def restart(self) -> None:
        assert self.stop() == 0
        self.start()

    def memory_bytes(self) -> int:
        assert self._process is not None
        rss: int = psutil.Process(self._process.pid).memory_info().rss
        return rss

    def ask(self, method: str, path: str, body: Any = None, *, token: str | None = TOKEN) -> Answer:
        """One request. A `body` that is no text is sent as JSON."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        headers = {"Authorization": f"Bearer {token}"} if token is not None else {}
        if body is not None:
            headers["Content-Type"] = "application/json"
        try:
            connection.request(
                method, path, body if body is None or isinstance(body, str) else json.dumps(body), headers
            )
            response = connection.getresponse()
            text = response.read().decode()
            kind = response.headers.get("content-type", "")
            parsed = json.loads(text) if kind.startswith("application/json") else text
            return Answer(response.status, parsed, {key.lower(): value for key, value in response.headers.items()})
        finally:
            connection.close()

    def ready(self) -> dict[str, Any]:
        answer = self.ask("GET", "/ready", token=None)
        assert (answer.status == 200) == answer.body["ready"]
        body: dict[str, Any] = answer.body
        return body

    def wait_ready(self, deadline_s: float = 15.0) -> None:
        until(lambda: self.ready()["ready"], deadline_s)

    def wait_not_ready(self, reason: str, deadline_s: float = 15.0) -> dict[str, Any]:
        """Wait until /ready gives a reason that holds `reason`."""

        def shown() -> dict[str, Any]:
            body = self.ready()
            return body if not body["ready"] and reason in body["reason"] else {}

        return until(shown, deadline_s)

    def follow(self, address: str, label: str = "") -> None:
        answer = self.ask("POST", "/api/addresses", {"chain": "kaspa", "address": address, "label": label})
        assert answer.status in (200, 201), answer

    def balance(self, address: str) -> dict[str, Any]:
        """The address's balance object of the portfolio."""
        answer = self.ask("GET", "/api/portfolio")
        assert answer.status == 200, answer
        found: dict[str, Any] = next(each for each in answer.body["addresses"] if each["address"] == address)["balance"]
        return found

    def wait_amount(self, address: str, sompi: int, deadline_s: float = 15.0, status: str = "ok") -> dict[str, Any]:
        """Wait until the portfolio shows this amount with this status."""

        def shown() -> dict[str, Any] | None:
            balance = self.balance(address)
            return balance if (balance["amount"], balance["status"]) == (str(sompi), status) else None

        found = until(shown, deadline_s)
        assert found is not None
        return found

    def metric(self, line_start: str) -> float:
        """The value of the sample that begins so, 0 when there is none."""
        text: str = self.ask("GET", "/metrics").body
        return sum(float(line.rsplit(" ", 1)[1]) for line in text.splitlines() if line.startswith(line_start))

    def _listens(self) -> bool:
        assert self._process is not None
        assert self._process.poll() is None, self.log.read_text()
        try:
            return self.ask("GET", "/health", token=None).status == 200
        except OSError:
            return False
