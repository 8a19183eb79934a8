"""The tracker as a process of its own, as its container runs it, and what a user of its API does."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.stage.services import Answer, Service
from tests.stage.waiting import until

TOKEN = "a-token-of-the-tests-0123456789"


class Tracker(Service):
    """`with Tracker(folder, port, env) as tracker:` runs it."""

    def __init__(self, folder: Path, port: int, env: dict[str, str]) -> None:
        token_file = folder / "token"
        token_file.write_text(TOKEN + "\n")
        given = {"NETWORK": "sandbox", "ROOT_PATH": "/tracker", "TOKEN_FILE": str(token_file), **env}
        super().__init__("tracker", folder, port, given)

    def ask(self, method: str, path: str, body: Any = None, *, token: str | None = TOKEN) -> Answer:
        """One request. A `body` that is not text is sent as JSON."""
        return self.request(method, path, body, {"Authorization": f"Bearer {token}"} if token is not None else {})

    def get(self, path: str) -> Answer:
        return self.ask("GET", path)

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
