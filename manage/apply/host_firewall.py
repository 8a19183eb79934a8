"""Keeps the host's firewall table equal to the networks that exist."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from manage.engine import bridges
from manage.engine.reader import Reader
from manage.errors import NodeyardError
from manage.events import Event, Progress, silent
from manage.host import firewall

if TYPE_CHECKING:
    from manage.engine.facts import ReadApi

GUARDS_ITSELF = 28
"""From this version on the engine writes the same rules (docker-facts 14)."""
EXPOSED = "Hosts on the same network segment can reach ports that are published on 127.0.0.1."


def refresh(api: ReadApi, progress: Progress = silent) -> None:
    """Write the table for the labelled networks of this host; a warning says if that is not possible.

    Only on the host: the agent's container has neither the right nor the host's network.
    """
    if warning := write(api):
        progress(Event("warning", "", warning))


def write(api: ReadApi) -> str:
    """The same; returns the warning, or "". Waits while another installation of this host writes the table."""
    with firewall.held():
        problem = firewall.write(bridges.labelled(api))
    return f"{problem} {EXPOSED}" if problem and not _guards_itself(api) else ""


def problem() -> str:
    """What `status` shows: "" if the table is there, if it is not needed, or if this user cannot know."""
    if os.geteuid() != 0 or firewall.is_present():
        return ""
    try:
        reader = Reader(timeout_s=5)
        if not bridges.labelled(reader) or _guards_itself(reader):
            return ""
    except NodeyardError:
        return ""
    return f"The firewall rule is missing. {EXPOSED} Write it with manage up; it needs the package nftables."


def _guards_itself(api: ReadApi) -> bool:
    major = str(api.version(api_version=False).get("Version", "")).partition(".")[0]
    return major.isdigit() and int(major) >= GUARDS_ITSELF
