"""A service that a proxy publishes is also judged through the proxy: its users come that way."""

from __future__ import annotations

import asyncio

from manage.health import fetch
from manage.health.drivers import ProbeFault, Target

WITHIN_S = 1.0
FOR_S = 6.0
"""How long the way must be closed before it counts: the proxy looks up addresses every 5 s."""


async def fault(target: Target) -> str:
    """Why the way through the proxy does not lead to the service, "" if it does.

    A proxy that cannot be reached is not the service's fault: the proxy has a verdict of its own.
    """
    if target.door is None:
        return ""
    host = target.door.authority or target.door
    ask = f"GET /door/{target.name} HTTP/1.0\r\nHost: {host}\r\n\r\n".encode()
    try:
        async with asyncio.timeout(WITHIN_S), fetch.connection(target.door) as (reader, writer):
            writer.write(ask)
            answer = (await reader.read(64)).split()
    except ProbeFault:
        return ""
    except TimeoutError:
        return f"{target.door.host} does not answer for it within {WITHIN_S:g} s"
    status = int(answer[1]) if len(answer) > 1 and fetch.STATUS.fullmatch(answer[1]) else 0
    if 0 < status < 500 and status != 429:
        return ""
    return f"{target.door.host} answers HTTP {status} for it" if status else f"{target.door.host} ends the connection"
