"""The client of the agent. Standard library only, one connection per request."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

from nodeclients.links import AGENT

from manage.agent import wire
from manage.errors import NodeyardError
from manage.immutable import dataclass


class AgentUnreachable(NodeyardError):
    """The agent does not answer, or not in time."""


class AgentRefused(NodeyardError):
    """The agent refused the request. `kind` as in `wire`; `detail` holds the other keys (`retry_s`, `holder`)."""

    def __init__(self, error: dict[str, Any]) -> None:
        super().__init__(str(error.pop("message", "The agent refused.")), str(error.pop("hint", "")))
        self.kind = str(error.pop("kind", "failed"))
        self.detail = error


@dataclass(frozen=True)
class AgentClient:
    """The agent at `socket`. Each call acts for the user whose `token` is passed, with a browser at `address`."""

    socket: Path
    timeout_s: float = AGENT.deadline_s
    """How long to wait for one message; the progress of a change arrives as it happens, see `stream`."""

    def call(
        self, verb: str, /, *, token: str = "", address: str = "", timeout_s: float | None = None, **args: Any
    ) -> dict[str, Any]:
        """The result of a verb. Raises AgentRefused and AgentUnreachable."""
        for message in self.stream(verb, token=token, address=address, timeout_s=timeout_s, **args):
            if "result" in message:
                return dict(message["result"])
        raise _unreachable("it closed the connection before it answered")

    def stream(
        self, verb: str, /, *, token: str = "", address: str = "", timeout_s: float | None = None, **args: Any
    ) -> Iterator[dict[str, Any]]:
        """Each `{"event": {...}}` as it arrives, then `{"result": {...}}`. `timeout_s` limits the wait for a message.

        Closing the iterator does not stop a change that has started. Raises the same errors as `call`.
        """
        request = {"verb": verb, "token": token, "address": address, "args": args}
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
                patience_s = self.timeout_s if timeout_s is None else timeout_s
                connection.settimeout(patience_s)
                connection.connect(str(self.socket))
                with suppress(BrokenPipeError):  # the agent refused the connection; its answer can still be read
                    wire.send(connection, request)
                for message in wire.receive(connection, wire.LONGEST_ANSWER, patience_s):
                    if "error" in message:
                        raise AgentRefused(message["error"])
                    yield message
                    if "result" in message:
                        return
        except (OSError, wire.Malformed) as error:
            raise _unreachable(str(error) or type(error).__name__) from error


def _unreachable(why: str) -> AgentUnreachable:
    return AgentUnreachable(f"The agent does not answer ({why}).", "Start it again, on the host: manage up")
