"""Ports for servers of the tests."""

from __future__ import annotations

import atexit
import itertools
import os
import socket
from collections import deque

FIRST, LAST = 11_000, 20_999
"""Below the ports that the kernel gives to outgoing connections, apart from those of tests/journeys, and above the last
that browsers refuse (10080)."""
MARK = 10_000
"""What is added to a port to get the UDP port that marks it as taken. That of its own number is for HTTP/3."""
KEPT = 200
"""So many of the newest ports stay reserved. A test run needs fewer at the same time."""

_candidates = itertools.cycle(range(FIRST, LAST + 1))
_reserved: deque[socket.socket] = deque()


def free_port() -> int:
    """A loopback port that nobody holds now and that no other call returns soon, in this or in another process.

    A UDP port marks it as taken until this process ends: between this call and the server's start the port itself is
    free.
    """
    for _ in range(LAST - FIRST):
        port = next(_candidates)
        mark = socket.socket(type=socket.SOCK_DGRAM)
        try:
            mark.bind(("127.0.0.1", port + MARK))
            with socket.socket() as probe:
                probe.bind(("127.0.0.1", port))
        except OSError:
            mark.close()
            continue
        _reserved.append(mark)
        if len(_reserved) > KEPT:
            _reserved.popleft().close()
        return port
    raise AssertionError("no free port on loopback")


@atexit.register
def _release() -> None:
    while _reserved:
        _reserved.popleft().close()


def _begin_apart() -> None:
    """Processes that run side by side look at different candidates first."""
    for _ in range(os.getpid() * 97 % (LAST - FIRST)):
        next(_candidates)


_begin_apart()
