"""Attackers of a running stack: `attackers DASHBOARD PROXY SECONDS SEED`, the first two HOST:PORT on loopback.

They hold 2,000 unfinished requests and 2,000 WebSockets open and send 100 sign-ins a second with wrong passwords. A
connection that the server ends is opened again. Prints what happened as one JSON line.
"""

from __future__ import annotations

import asyncio
import json
import random
import re
import resource
import sys
import time
import urllib.parse
from collections import Counter
from collections.abc import Awaitable, Callable

HALF_OPEN, SOCKETS, SIGN_INS_S = 2000, 2000, 100
OWNER = "bench-owner"
PARTS = (
    b"GET /login HTTP/1.1\r\nHost: here\r\nX-Slow: ",
    b"POST /login HTTP/1.1\r\nHost: here\r\nContent-Length: 90\r\n\r\nn=",
    b"",
)
UPGRADE = (
    "GET /oracle/ws/mempool HTTP/1.1\r\nHost: {host}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
    "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
)
Address = tuple[str, int]


class Attack:
    """Counts what the servers answered."""

    def __init__(self, dashboard: str, proxy: str, seed: int) -> None:
        self.dashboard, self.proxy = dashboard, proxy
        self.counts: Counter[str] = Counter()
        self.random = random.Random(seed)

    async def half_open(self, number: int) -> None:
        """One connection with a part of a request, until the server ends it."""
        reader, writer = await asyncio.open_connection(*address(self.dashboard))
        self.counts["half-open connections"] += 1
        try:
            writer.write(PARTS[number % len(PARTS)])
            while await reader.read(4096):
                pass
        finally:
            writer.close()

    async def socket(self, number: int) -> None:
        """One WebSocket; half of them do not read."""
        reader, writer = await asyncio.open_connection(*address(self.proxy))
        try:
            writer.write(UPGRADE.format(host=self.proxy).encode())
            head = await reader.readuntil(b"\r\n\r\n")
            self.counts[f"WebSockets answered with {head.split()[1].decode()}"] += 1
            if head.split()[1] != b"101":
                await asyncio.sleep(5)
                return
            if number % 2:
                writer.transport.pause_reading()  # type: ignore[attr-defined]
                await asyncio.sleep(3600)
            while await reader.read(1 << 16):
                pass
        finally:
            writer.close()

    async def sign_ins(self) -> None:
        """Wrong passwords at a steady rate, for the owner's name and for others."""
        form = await self._exchange("GET /login HTTP/1.1")
        token = re.search(r'name="csrf" value="([^"]+)"', form)
        cookie = re.search(r"(?i)set-cookie: ([^;]+)", form)
        assert token, form[:500]
        assert cookie, form[:500]
        due, running = time.monotonic(), set()
        while True:
            due += 1 / SIGN_INS_S
            await asyncio.sleep(max(0.0, due - time.monotonic()))
            task = asyncio.create_task(self._sign_in(token[1], cookie[1]))
            running.add(task)
            task.add_done_callback(running.discard)

    async def _sign_in(self, token: str, cookie: str) -> None:
        name = OWNER if self.random.random() < 0.1 else f"guest{self.random.randrange(10_000)}"
        body = urllib.parse.urlencode({"csrf": token, "name": name, "password": "wrong password", "next": "/"})
        try:
            answer = await self._exchange("POST /login HTTP/1.1", cookie, body)
            self.counts[f"sign-ins answered with {answer.split(' ', 2)[1]}"] += 1
        except (OSError, IndexError, asyncio.IncompleteReadError):
            self.counts["sign-ins without an answer"] += 1

    async def _exchange(self, line: str, cookie: str = "", body: str = "") -> str:
        reader, writer = await asyncio.open_connection(*address(self.dashboard))
        try:
            form = "Content-Type: application/x-www-form-urlencoded\r\n" if body else ""
            head = f"{line}\r\nHost: {self.dashboard}\r\nConnection: close\r\nCookie: {cookie}\r\n{form}"
            writer.write(f"{head}Content-Length: {len(body)}\r\n\r\n{body}".encode())
            return (await reader.read(-1)).decode("utf-8", "replace")
        finally:
            writer.close()


def address(authority: str) -> Address:
    """Loopback, whatever the name."""
    return "127.0.0.1", int(authority.rpartition(":")[2])


async def again(work: Callable[[int], Awaitable[None]], number: int) -> None:
    """For ever: a connection that ends is opened again."""
    await asyncio.sleep(number / 1000)
    while True:
        try:
            await work(number)
        except (OSError, asyncio.IncompleteReadError):
            await asyncio.sleep(1)


async def attack(dashboard: str, proxy: str, seconds: float, seed: int) -> Counter[str]:
    """What the servers answered."""
    it = Attack(dashboard, proxy, seed)
    tasks = [asyncio.create_task(again(it.half_open, number)) for number in range(HALF_OPEN)]
    tasks += [asyncio.create_task(again(it.socket, number)) for number in range(SOCKETS)]
    tasks.append(asyncio.create_task(it.sign_ins()))
    await asyncio.wait(tasks, timeout=seconds, return_when=asyncio.FIRST_EXCEPTION)
    failed = [fault for task in tasks if task.done() and (fault := task.exception())]
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    if failed:
        raise failed[0]
    return it.counts


if __name__ == "__main__":
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    print(json.dumps(asyncio.run(attack(sys.argv[1], sys.argv[2], float(sys.argv[3]), int(sys.argv[4])))))
