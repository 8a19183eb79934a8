"""The newest snapshot, from the file or, if that is old, from watch itself: on a full disk it cannot write the file."""

from __future__ import annotations

import time

from manage import untrusted
from manage.errors import NodeyardError
from manage.health import snapshot as snapshots
from manage.health import watch_socket
from manage.health.model import Snapshot
from manage.installation import identity
from manage.installation.layout import Layout

OLD_S = 3.0
"""watch writes a snapshot every second; for an older one it is asked."""
PATIENCE_S = 2.0


def read(layout: Layout) -> Snapshot:
    """The newest snapshot, however old it is. Raises NodeyardError when there is none, or no installation."""
    try:
        found = snapshots.read(layout)
    except NodeyardError:
        if (live := ask(layout)) is not None:
            return live
        identity.read(layout)
        raise
    if snapshots.age(found, time.time()) <= OLD_S:
        return found
    live = ask(layout)
    return live if live is not None else found


def ask(layout: Layout) -> Snapshot | None:
    """What watch answers at its socket within `PATIENCE_S`; None if it does not."""
    try:
        answer = watch_socket.ask(
            layout.watch_socket, {"verb": "snapshot"}, most=untrusted.MAX_BYTES, timeout_s=PATIENCE_S
        )
        return snapshots.from_json(answer["snapshot"])
    except (OSError, ValueError, KeyError, TypeError, AttributeError, NodeyardError):
        return None
