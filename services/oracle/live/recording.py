"""The inputs of the oracle as one stream: the node's ZMQ frames, and frames of our own for all other inputs.

A recording is such a stream in a file. `Live` is a pure function of it and uses nothing else, not even the clock, so a
replay gives exactly the same prices.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

from nodeclients.zmq import Frame

from oracle.errors import OracleError

MAGIC = b"oracle recording 1\n"
_HEAD = struct.Struct("<dIBI")  # arrival (unix s), counter, length of the topic, length of the body
_SEQUENCE = struct.Struct("<Q")
_ENTERED = struct.Struct("<d")
MAX_BODY = 64 * 1024 * 1024

MARKET = "oracle/market"
"""The first frame of a recording: its market."""
BEGIN = "oracle/begin"
"""A snapshot of the mempool was requested."""
SNAPSHOT = "oracle/snapshot"
TRANSACTION = "oracle/transaction"
BLOCK = "oracle/block"
"""The raw bytes of a block from RPC."""
READINESS = "oracle/standing"
"""Whether the node can be used, JSON {"ready", "reason"}."""
INTERRUPTED = "oracle/interrupted"
"""Messages may have been lost; a sentence that says why."""
RESET = "oracle/reset"
"""The clock jumped: discard everything."""
TICK = "oracle/tick"
"""An answer is due."""


def own(topic: str, at: float, body: bytes = b"") -> Frame:
    """A frame of our own."""
    return Frame(topic, body, 0, at)


def snapshot(sequence: int, txids: list[str], at: float) -> Frame:
    """`getrawmempool(mempool_sequence=true)`: the next sequence number and the ids as RPC writes them."""
    return own(SNAPSHOT, at, _SEQUENCE.pack(sequence) + b"".join(bytes.fromhex(txid)[::-1] for txid in txids))


def read_snapshot(body: bytes) -> tuple[int, list[bytes]]:
    """The next sequence number, and the ids in wire order."""
    return _SEQUENCE.unpack_from(body)[0], [body[at : at + 32] for at in range(_SEQUENCE.size, len(body), 32)]


def transaction(raw: bytes, entered: float, at: float) -> Frame:
    """A transaction from RPC that entered the mempool at `entered` (unix s)."""
    return own(TRANSACTION, at, _ENTERED.pack(entered) + raw)


def read_transaction(body: bytes) -> tuple[bytes, float]:
    """Raw bytes, and the unix time when it entered."""
    return body[_ENTERED.size :], _ENTERED.unpack_from(body)[0]


def readiness(ready: bool, reason: str, at: float) -> Frame:
    return own(READINESS, at, json.dumps({"ready": ready, "reason": reason}).encode())


def read_readiness(body: bytes) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(body)
    return found


class Recorder:
    """Writes frames to a file."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        file.write(MAGIC)

    def write(self, frame: Frame) -> None:
        topic = frame.topic.encode("latin-1")
        self._file.write(_HEAD.pack(frame.at, frame.counter, len(topic), len(frame.body)) + topic + frame.body)


def read(path: Path) -> Iterator[Frame]:
    """The frames of a recording, which may be truncated. Raises OracleError if the file is not a recording."""
    try:
        with path.open("rb") as file:
            if file.read(len(MAGIC)) != MAGIC:
                raise OracleError(f"{path} is not a recording of the oracle.", "Make one with: python -m oracle record")
            while len(head := file.read(_HEAD.size)) == _HEAD.size:
                at, counter, topic_length, length = _HEAD.unpack(head)
                if length > MAX_BODY:
                    raise OracleError(f"{path} is corrupt: it contains a message of {length} bytes.")
                topic, body = file.read(topic_length), file.read(length)
                if len(topic) < topic_length or len(body) < length:
                    return
                yield Frame(topic.decode("latin-1"), body, counter, at)
    except OSError as fault:
        raise OracleError(f"{path} cannot be read ({fault.strerror}).") from fault
