"""User and group ids of services: clear of people, of Debian's ranges (to 64999) and of systemd's (61184 to 65534).

Until layout version 2 the ids of Nodeyard's own services were 60000 lower, among those of people.
"""

from __future__ import annotations

SHIPPED = range(70000, 70100)
"""Services that Nodeyard ships."""
OWN = range(70100, 71000)
"""The operator's own services."""
OWN_EARLIER = range(10000, 65000)
"""Also accepted for the operator's own services: what docs/own-services.md recommended until layout version 2."""

AGENT_GROUP = 70020
"""Group of the installation's folder, and of the agent's and watch's sockets. The dashboard is a member."""
WATCH_UID = 70021
DASHBOARD_UID = 70022

_MOVED = range(70010, 70023)
_DISTANCE = 60000


def earlier(number: int) -> int | None:
    """The id that a shipped service had until layout version 2 instead of `number`; None for all others."""
    return number - _DISTANCE if number in _MOVED else None
