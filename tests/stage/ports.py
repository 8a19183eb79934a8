"""Ports for servers of the tests."""

from __future__ import annotations

import itertools
import os
import socket
from collections import deque

FIRST, LAST = 11_000, 20_999
"""Below the ports that the kernel gives to outgoing connections, apart from those of tests/journeys, and above the last
that browsers refuse (10080)."""
KEPT = 200
"""So many of the newest ports stay reserved. A test run needs fewer at the same time."""

_candidates = itertools.cycle(range(FIRST, LAST + 1))
_reserved: deque[socket.socket] = deque()


def free_port() -> int:
    """A loopback port that nobody holds now and that no other call returns soon, in this or in another process.

    The UDP port of the same number marks it as taken until this process ends: between this call and the server's
    start the TCP port is free.
    """
    for _ in range(LAST - FIRST):
        port = next(_candidates)
        mark = socket.socket(type=socket.SOCK_DGRAM)
        try:
            mark.bind(("127.0.0.1", port))
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


def _begin_apart() -> None:
    """Processes that run side by side look at different candidates first."""
    for _ in range(os.getpid() * 97 % (LAST - FIRST)):
        next(_candidates)


_begin_apart()
