"""The client of a simulator's control socket: one JSON line each way, blocking, standard library only."""

from __future__ import annotations

import json
import socket
import time
from pathlib import Path
from typing import Any

from nodeclients.links import CONTROL

MAX_ANSWER = 4 << 20
"""Bytes."""
VERBS = ("pay", "mine", "reorg", "freeze", "drop", "lag", "error", "clear", "status")


class ControlError(Exception):
    """The simulator refused or did not answer; the message is a sentence for the user."""


def call(socket_path: Path, verb: str, *, timeout_s: float = CONTROL.deadline_s, **args: Any) -> dict[str, Any]:
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
            answer = json.loads(_read_line(client, time.monotonic() + timeout_s))
    except OSError as fault:
        raise ControlError(f"the simulator does not answer at {socket_path}: {fault}") from fault
    except (ValueError, RecursionError) as fault:
        raise ControlError(f"what answers at {socket_path} is not the simulator") from fault
    if not isinstance(answer, dict) or not isinstance(answer.get("result", {}), dict):
        raise ControlError(f"what answers at {socket_path} is not the simulator")
    if "error" in answer:
        raise ControlError(str(answer["error"]))
    result: dict[str, Any] = answer.get("result", {})
    return result


def _read_line(client: socket.socket, deadline: float) -> bytes:
    """One line of at most `MAX_ANSWER` bytes before `deadline` (of `time.monotonic`); anybody may answer there."""
    received = bytearray()
    while not received.endswith(b"\n"):
        client.settimeout(max(0.001, deadline - time.monotonic()))
        chunk = client.recv(65536)
        if not chunk:
            raise OSError("the connection closed before the answer")
        received += chunk
        if len(received) > MAX_ANSWER or time.monotonic() > deadline:
            raise OSError("the answer is too long or takes too long")
    return bytes(received)
