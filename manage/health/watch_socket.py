"""A question to watch at its unix socket: one JSON line each way."""

from __future__ import annotations

import json
import socket
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from manage import untrusted


def ask(path: Path, question: Mapping[str, Any], *, most: int, timeout_s: float) -> Any:
    """The answer, of at most `most` bytes and after at most `timeout_s`; see `manage.health.watch.server`.

    Raises OSError without an answer, and ValueError for one that is too large or not JSON.
    """
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
        connection.settimeout(timeout_s)
        connection.connect(str(path))
        connection.sendall(json.dumps(question).encode() + b"\n")
        answer = untrusted.receive(connection, most, timeout_s, until=b"\n")
    return untrusted.parse_json(answer, most=most)
