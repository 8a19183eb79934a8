"""Whether the operator wants the stack up: written by `up` and `down`, shown by the agent in `engine.json`.

With it a stack that was stopped on purpose is `disabled`, and one that fell over is `down`.
"""

from __future__ import annotations

from manage.errors import NodeyardError
from manage.installation import documents
from manage.installation.layout import Layout


def record(layout: Layout, *, up: bool) -> None:
    """Note what the operator wants: `run/desired.json`, {"version": 1, "stack": "up" | "down"}."""
    documents.write(layout.desired_file, {"stack": "up" if up else "down"})


def is_up(layout: Layout) -> bool:
    """False only after `manage down`."""
    try:
        return bool(documents.read(layout.desired_file).get("stack") != "down")
    except (FileNotFoundError, NodeyardError):
        return True
