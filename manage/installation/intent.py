"""Whether the operator wants the stack up: `up` and `down` record it, the agent shows it in `engine.json`.

It tells a stack that was stopped on purpose (`disabled`) from one that failed (`down`).
"""

from __future__ import annotations

from manage.errors import NodeyardError
from manage.installation import documents
from manage.installation.layout import Layout


def record(layout: Layout, *, up: bool) -> None:
    """Record what the operator wants in `run/desired.json`: {"version": 1, "stack": "up" | "down"}."""
    documents.write(layout.desired_file, {"stack": "up" if up else "down"})


def is_up(layout: Layout) -> bool:
    """False only after `manage down`."""
    try:
        return bool(documents.read(layout.desired_file).get("stack") != "down")
    except (FileNotFoundError, NodeyardError):
        return True
