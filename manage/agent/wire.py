"""The protocol between the agent and its clients: one request per connection, JSON lines over a unix socket.

    client -> {"verb": "restart", "token": "...", "address": "10.0.0.7", "args": {"services": ["kaspad"]}}
    agent  -> {"event": {"kind": ..., "service": ..., "text": ...}}     any number of times
    agent  -> {"result": {...}}  or  {"error": {"kind", "message", "hint"}}     once, as the last message

Kinds of errors: `session` (sign in first), `role` (not allowed), `password`, `second_factor` (set one up first),
`challenge` (unknown, expired, used or for another change), `answer` (a wrong code or password), `throttled` (with
`retry_s`, and `needs_code` if a code of `manage user code` would help), `busy` (with `holder`), `usage` (unknown verb
or argument), `changed` (the plan has another digest; `digest` is the new one), `failed` (the verb ran and failed).
"""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Iterator, Mapping
from typing import Any

from manage import untrusted

LONGEST_REQUEST = 65536
LONGEST_ANSWER = 8 * 1024 * 1024


class Malformed(Exception):
    """A message that is not a JSON object on one line, or is too long."""


def send(connection: socket.socket, message: Mapping[str, Any]) -> None:
    """Send one message. Raises OSError if the other side has disconnected."""
    text = json.dumps(message, ensure_ascii=False, separators=(",", ":"))
    connection.sendall(text.encode("utf-8", "replace") + b"\n")


def receive(connection: socket.socket, longest: int, timeout_s: float) -> Iterator[dict[str, Any]]:
    """Messages until the other side closes. Raises Malformed, and OSError.

    `timeout_s` is for each whole message, so that the other side cannot hold the connection with single bytes.
    """
    rest, deadline = b"", time.monotonic() + timeout_s
    while chunk := untrusted.received(connection, deadline):
        *lines, rest = (rest + chunk).split(b"\n")
        for line in lines:
            yield _parsed(line)
        if lines:
            deadline = time.monotonic() + timeout_s
        if len(rest) > longest:
            raise Malformed
    if rest:
        raise Malformed


def _parsed(line: bytes) -> dict[str, Any]:
    try:
        message = untrusted.parse_json(line, most=LONGEST_ANSWER)
    except ValueError as error:
        raise Malformed from error
    if not isinstance(message, dict):
        raise Malformed
    return message
