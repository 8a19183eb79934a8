"""Lines of a container's log from the bytes that the engine sends, each cut before anything else looks at it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

_HEADER = 8
_STREAMS = (0, 1, 2)


def demultiplexed(parts: Iterable[bytes]) -> Iterator[bytes]:
    """The text of both streams in the order in which it was written, from `parts` that may end anywhere.

    A frame is STREAM 0 0 0 LENGTH, big-endian, and so many bytes (Docker's API, "Stream format" of attach). The log of
    a container with a terminal has no frames.
    """
    head, left, framed = b"", 0, True
    for part in parts:
        at = 0
        while at < len(part) and framed:
            if left:
                yield part[at : at + left]
                at, left = at + left, left - min(left, len(part) - at)
                continue
            missing = _HEADER - len(head)
            head += part[at : at + missing]
            at += missing
            if len(head) == _HEADER:
                framed = head[0] in _STREAMS and not any(head[1:4])
                if not framed:
                    yield head
                left, head = int.from_bytes(head[4:], "big"), b""
        if not framed and at < len(part):
            yield part[at:]


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
