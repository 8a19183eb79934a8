"""Room for long connections such as WebSockets: so many in total, and so many for each client address."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from dataclasses import dataclass, field

from starlette.requests import HTTPConnection

RESOLVED_S = 10.0
"""How long an address of the proxy is believed: it changes when its container is created again."""


@dataclass
class Room:
    """Counts open connections by client address."""

    most: int
    """In total."""
    most_each: int
    """Of one client."""
    _open: Counter[str] = field(default_factory=Counter)

    def __len__(self) -> int:
        return self._open.total()

    def refusal(self, client: str) -> tuple[int, str] | None:
        """HTTP status and sentence if `client` may not open another connection."""
        if len(self) >= self.most:
            return 503, f"All {self.most} WebSockets are in use. Try again later."
        if self._open[client] >= self.most_each:
            return 429, f"{client} has {self.most_each} WebSockets, the most for one client. Close one first."
        return None

    def enter(self, client: str) -> None:
        """Count a connection of `client`; `leave` ends it."""
        self._open[client] += 1

    def leave(self, client: str) -> None:
        self._open[client] -= 1
        if not self._open[client]:
            del self._open[client]

    def crowded(self) -> list[str]:
        """Clients that may not open another connection."""
        return sorted(client for client, count in self._open.items() if count >= self.most_each)


class Clients:
    """The address of the client behind a connection: X-Forwarded-For, if our proxy made the connection."""

    def __init__(self, proxy: str = "") -> None:
        self._proxy = proxy
        """Host name of the proxy; "" believes nobody."""
        self._addresses: frozenset[str] = frozenset()
        self._resolved_at = float("-inf")

    async def address(self, connection: HTTPConnection) -> str:
        """The proxy writes its own header, so the last value is the address that it saw."""
        peer = connection.client.host if connection.client else ""
        forwarded = connection.headers.get("x-forwarded-for", "").rpartition(",")[2].strip()
        return forwarded if forwarded and peer in await self._proxies() else peer

    async def _proxies(self) -> frozenset[str]:
        if self._proxy and time.monotonic() - self._resolved_at > RESOLVED_S:
            self._resolved_at = time.monotonic()
            try:
                found = await asyncio.get_running_loop().getaddrinfo(self._proxy, None)
            except OSError:
                found = []
            self._addresses = frozenset(str(entry[4][0]) for entry in found)
        return self._addresses
