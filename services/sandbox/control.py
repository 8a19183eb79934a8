"""The client of a simulator's control socket: one JSON line each way, blocking, standard library only."""

from __future__ import annotations

import json
import socket
from pathlib import Path
from typing import Any

VERBS = ("pay", "mine", "reorg", "freeze", "drop", "lag", "error", "clear", "status")


class ControlError(Exception):
    """The simulator refused or did not answer; the message is a sentence for the user."""


def call(socket_path: Path, verb: str, *, timeout_s: float = 10.0, **args: Any) -> dict[str, Any]:
    """Send one verb to the simulator at this control socket and return the result.

    pay(address, amount in base units: sompi or sat) -> {"transaction_id", "amount"}
    mine(blocks=1, address="") -> {"blocks": [hash], "height"}
    reorg(depth) -> {"removed": [hash], "added": [hash]}
    freeze(), drop(), lag(ms), error(method, message), clear() -> the active faults
    status() -> {"node", "height", "tip", "mempool", "faults", ...}
    Raises ControlError if the simulator refuses or cannot be reached.
    """
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as client:
            client.settimeout(timeout_s)
            client.connect(str(socket_path))
            client.sendall(json.dumps({"verb": verb, **args}).encode() + b"\n")
            line = _read_line(client)
    except OSError as fault:
        raise ControlError(f"the simulator does not answer at {socket_path}: {fault}") from fault
    answer = json.loads(line)
    if "error" in answer:
        raise ControlError(str(answer["error"]))
    result: dict[str, Any] = answer["result"]
    return result


def _read_line(client: socket.socket) -> bytes:
    received = b""
    while not received.endswith(b"\n"):
        chunk = client.recv(65536)
        if not chunk:
            raise OSError("the connection closed before the answer")
        received += chunk
    return received
