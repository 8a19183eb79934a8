"""The newest snapshot, from the file or, if that is old, from watch itself: on a full disk it cannot write the file."""

from __future__ import annotations

import json
import socket
import time

from manage import untrusted
from manage.errors import NodeyardError
from manage.health import snapshot as snapshots
from manage.health.model import Snapshot
from manage.installation.layout import Layout

OLD_S = 3.0
"""watch writes a snapshot every second; for an older one it is asked."""
PATIENCE_S = 2.0


def read(layout: Layout) -> Snapshot:
    """The newest snapshot, however old it is. Raises NodeyardError when there is none."""
    try:
        found = snapshots.read(layout)
    except NodeyardError:
        if (live := ask(layout)) is not None:
            return live
        raise
    if snapshots.age(found, time.time()) <= OLD_S:
        return found
    live = ask(layout)
    return live if live is not None else found


def ask(layout: Layout) -> Snapshot | None:
    """What watch answers at its socket within `PATIENCE_S`; None if it does not."""
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
            connection.settimeout(PATIENCE_S)
            connection.connect(str(layout.watch_socket))
            connection.sendall(json.dumps({"verb": "snapshot"}).encode() + b"\n")
            answer = untrusted.receive(connection, untrusted.MAX_BYTES, PATIENCE_S, until=b"\n")
        document = untrusted.parse_json(answer)["snapshot"]
        return snapshots.from_json(document)
    except (OSError, ValueError, KeyError, TypeError, AttributeError, NodeyardError):
        return None
