"""The connections of ours that stay open: how each notices that its other end is gone, and how it comes back.

TCP reports nothing when a network is cut: a connection on which nobody writes stays open for ever, and one on which
somebody writes for 15 minutes (tcp_retries2 of tcp(7)). So each connection has a heartbeat, a deadline after which it
counts as dead, and a way back. All numbers are here; docs/architecture.md shows them as a table.
"""

from __future__ import annotations

import contextlib
import random
import socket
from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(frozen=True)
class Retry:
    """The pauses between attempts to connect: doubled from `first_s` to `longest_s`."""

    first_s: float
    longest_s: float

    def pauses(self) -> Iterator[float]:
        """Seconds, without end. Each is shortened by up to a half at random, so that clients do not return in step."""
        pause_s = self.first_s
        while True:
            yield pause_s * random.uniform(0.5, 1)
            pause_s = min(self.longest_s, 2 * pause_s)


@dataclass(frozen=True)
class Link:
    """One kind of connection."""

    ends: str
    """Who is connected to whom."""
    heartbeat: str
    """What is sent, or has to arrive."""
    every_s: float
    deadline_s: float
    """How long an answer may take."""
    afterwards: str = "connects again"
    """What happens after the deadline."""
    retry: Retry = Retry(0.0, 0.0)


KASPAD = Link("tracker to kaspad (wRPC)", "`getServerInfo`", 2.0, 4.0, retry=Retry(0.1, 0.6))
"""The node is local, so retry often: a node that comes back is found within a second."""
KASPAD_BUSY = Link(
    "tracker to kaspad, a connection for each long call",
    "WebSocket ping",
    20.0,
    20.0,
    "the call fails and is made again",
)
ZMQ = Link("watch and oracle to bitcoind (ZMQ)", "ZMTP ping", 1.0, 3.0, retry=Retry(0.1, 1.0))
BITCOIND = Link(
    "oracle to bitcoind (RPC)", "TCP keepalive", 2.0, 5.0, "the next call connects again; snapshots may take 120 s"
)
PROBE = Link("watch to the services (wRPC, RPC, SQL, HTTP)", "a probe", 2.0, 3.0, "the next probe connects again")
TRACKER_DATABASE = Link("tracker to PostgreSQL", "`SELECT 1`", 2.0, 5.0, retry=Retry(0.5, 2.0))
ORACLE_DATABASE = Link("oracle to PostgreSQL", "writes the history", 10.0, 5.0, "connects again within 2 s")
DATABASE_SERVER = Link("PostgreSQL to its clients", "TCP keepalive", 5.0, 10.0, "rolls back and frees the locks")
LISTENERS = Link("oracle to the listeners of its WebSocket", "WebSocket ping", 10.0, 10.0, "closes the connection")
ORACLE_PAGE = Link("page of the oracle to the oracle (WebSocket)", "a message", 0.5, 5.0, retry=Retry(0.5, 5.0))
DASHBOARD_PAGE = Link("page of the dashboard to the dashboard", "fetches what changes", 2.0, 8.0, "the next fetch")
AGENT = Link("CLI and dashboard to the agent (unix socket)", "each message", 2.0, 5.0, "reports it; asks again")
AGENT_SERVER = Link("agent to its callers", "a whole request; a message read", 0.0, 10.0, "closes the connection")
WATCH_SOCKET = Link("dashboard to watch (unix socket)", "the history", 30.0, 5.0, "asks again after 2 s")
WATCH_SERVER = Link("watch to its callers", "a whole request and its answer", 0.0, 10.0, "closes the connection")
CONTROL = Link("CLI to a simulator (unix socket)", "the answer", 0.0, 10.0, "reports it")
CONTROL_SERVER = Link("simulator to its callers", "a request", 0.0, 10.0, "closes the connection")
ENGINE = Link("agent to Docker's engine", "a sample", 2.0, 20.0, "the next sample connects again")
LOG_FOLLOW = Link("`manage logs --follow` to Docker's engine", "`HEAD /_ping` in a silence", 5.0, 10.0, "reports it")
PROXY = Link("proxy to the services", "what the service sends", 10.0, 60.0, "the client connects again")

LINKS = (
    *(KASPAD, KASPAD_BUSY, ZMQ, BITCOIND, PROBE),
    *(TRACKER_DATABASE, ORACLE_DATABASE, DATABASE_SERVER),
    *(LISTENERS, ORACLE_PAGE, DASHBOARD_PAGE, PROXY),
    *(AGENT, AGENT_SERVER, WATCH_SOCKET, WATCH_SERVER, CONTROL, CONTROL_SERVER, ENGINE, LOG_FOLLOW),
)

CONNECT_S = 3.0
"""How long a TCP connection may take to be established."""


@dataclass(frozen=True)
class Keepalive:
    """The kernel's own heartbeat of a TCP connection, see tcp(7). It finds a cut network, not a frozen process."""

    idle_s: int
    interval_s: int
    count: int

    @property
    def dead_after_s(self) -> int:
        """Also how long sent bytes may wait for their acknowledgement (TCP_USER_TIMEOUT)."""
        return self.idle_s + self.interval_s * self.count


KEEPALIVE = Keepalive(idle_s=2, interval_s=1, count=3)
SERVER_KEEPALIVE = Keepalive(idle_s=5, interval_s=1, count=5)


def keep_alive(connection: socket.socket, keepalive: Keepalive = KEEPALIVE) -> None:
    """Let the kernel close `connection` when its other end is gone; does nothing to a unix socket or a closed one."""
    if connection.family not in (socket.AF_INET, socket.AF_INET6):
        return
    with contextlib.suppress(OSError):
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, keepalive.idle_s)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, keepalive.interval_s)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPCNT, keepalive.count)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, keepalive.dead_after_s * 1000)
