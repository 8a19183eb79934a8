"""Data that waits for an update of its format: what watch found, and the update itself."""

from __future__ import annotations

import re
from collections import deque
from contextlib import closing
from typing import Any

from manage.engine import log_lines
from manage.engine.client import Api
from manage.engine.model import ContainerFacts
from manage.errors import NodeyardError
from manage.health import snapshot
from manage.installation.layout import Layout

FACT = "updates"
"""Name of the fact: texts like "tracker_mainnet 2.18.0 2.19.3 update"; without the last word there is no way."""
SCRIPT = "/etc/nodeyard/update.sh"
"""A service whose driver reports the fact has this file: it updates all of them, or exits with another code than 0."""
MAX_AGE_S = 60
"""A report older than this, in seconds, offers no update."""
SHOWN_LINES = 10
LINE_BYTES = 1000
"""What an error shows of a line."""
_UPDATE = re.compile(r"([a-z0-9_]{1,63}) ([0-9A-Za-z.+-]{1,40}) ([0-9A-Za-z.+-]{1,40}) update")


def found(layout: Layout, now: float) -> dict[str, tuple[tuple[str, str, str], ...]]:
    """Service -> (what, present version, offered version), from watch's last snapshot; none if that is old."""
    try:
        last = snapshot.read(layout)
    except NodeyardError:
        return {}
    if now - last.as_of > MAX_AGE_S:
        return {}
    facts = {service.name: fact.value for service in last.services for fact in service.facts if fact.name == FACT}
    return {name: updates for name, value in facts.items() if (updates := _parsed(value))}


def apply(api: Api, container: ContainerFacts, service: str) -> None:
    """Run the service's update in its container. Raises NodeyardError with what it printed last."""
    made = api.exec_create(container.id, ["/bin/sh", SCRIPT])
    # Read line by line, because the container decides how much it prints.
    output = api.exec_start(made["Id"], stream=True)
    with closing(output._response):  # its own `close` leaves the descriptor open
        last = deque(log_lines.lines(output, LINE_BYTES), SHOWN_LINES)
    if api.exec_inspect(made["Id"])["ExitCode"] != 0:
        lines = (f"  {line.decode('utf-8', 'replace').rstrip()}" for line in last)
        raise NodeyardError(
            "\n".join((f"The update of {service}'s data failed:", *lines)),
            "What was not updated is as it was, and the image before can still open it.",
        )


def _parsed(value: Any) -> tuple[tuple[str, str, str], ...]:
    """watch is another user: only what has the expected form counts."""
    texts = value if isinstance(value, list) else []
    matches = [_UPDATE.fullmatch(text) for text in texts[:100] if isinstance(text, str)]
    return tuple((match[1], match[2], match[3]) for match in matches if match)
