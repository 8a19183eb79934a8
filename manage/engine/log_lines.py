"""Lines of a container's log from the bytes that the engine sends, each cut before anything else looks at it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

_HEADER = 8
_STREAMS = (0, 1, 2)


def demultiplexed(answer: bytes) -> Iterator[bytes]:
    """The parts of both streams in the order in which they were written; the last one may be incomplete.

    A frame is STREAM 0 0 0 LENGTH, big-endian, and so many bytes (Docker's API, "Stream format" of attach). The log of
    a container with a terminal has no frames.
    """
    at = 0
    while at + _HEADER <= len(answer):
        if answer[at] not in _STREAMS or any(answer[at + 1 : at + 4]):
            yield answer[at:]
            return
        end = at + _HEADER + int.from_bytes(answer[at + 4 : at + _HEADER], "big")
        yield answer[at + _HEADER : end]
        at = end


def lines(parts: Iterable[bytes], most: int) -> Iterator[bytes]:
    """Each line of the joined `parts`, cut after `most` bytes; keeps no more than that of a line in memory."""
    line = bytearray()
    for part in parts:
        *ended, rest = part.split(b"\n")
        for piece in ended:
            yield bytes(line + piece[: max(0, most - len(line))])
            line.clear()
        line += rest[: max(0, most - len(line))]
    if line:
        yield bytes(line)
