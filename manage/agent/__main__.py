"""`python -m manage.agent`: serve the socket and run the sampler of the installation in NODEYARD_DIR until SIGTERM."""

from __future__ import annotations

import logging
import os
import signal
import sys
import threading
import time
from pathlib import Path

from manage.access.audit import Audit
from manage.access.confirmation import Confirmation
from manage.access.sessions import Sessions
from manage.access.sign_in import Access
from manage.access.throttle import Throttle
from manage.agent.dispatch import Dispatcher, Peer
from manage.agent.operations import Operations
from manage.agent.sampler import Sampler
from manage.agent.server import Server
from manage.agent.stack_observer import StackObserver, host_operation
from manage.agent.verbs import verbs_by_name
from manage.errors import NodeyardError
from manage.installation import identity
from manage.installation.ids import AGENT_GROUP, DASHBOARD_UID
from manage.installation.layout import DEFAULT_DIR, Layout

PEERS = {0: Peer("host"), DASHBOARD_UID: Peer("dashboard")}
"""Allowed callers by uid (docs/architecture.md, "Fixed ids")."""
LAST_CHANGE_S = 15.0
"""How long a running change may take to end after SIGTERM: less than the container's grace period (20 s)."""

USERS_EVERY_S = 2.0

log = logging.getLogger("agent")


def run(layout: Layout) -> None:
    """Serve until SIGTERM or SIGINT. Raises NodeyardError if the installation's files cannot be read."""
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    operations = Operations()
    audit = Audit(layout.audit_file)
    sessions = Sessions(layout, gid=AGENT_GROUP)
    throttle, strangers = Throttle(layout.attempts_file), Throttle(layout.strangers_file)
    required = os.environ.get("SECOND_FACTOR") == "required"
    issuer = f"Nodeyard {identity.read(layout).id}"
    confirmation = Confirmation(layout, throttle, time.time, required, issuer)
    access = Access(layout, sessions, throttle, strangers, confirmation, audit, time.time)
    dispatcher = Dispatcher(access, audit, operations, verbs_by_name(layout))
    server = Server(layout.agent_socket, dispatcher, peers=PEERS, gid=AGENT_GROUP)
    sampler = Sampler(layout.engine_file, StackObserver(layout), lambda: operations.current() or host_operation(layout))
    server.start()
    sampler.start()
    log.info("listening on %s", layout.agent_socket)
    while not stop.wait(USERS_EVERY_S):
        _follow_users(sessions)
        _flush(audit)
    server.close()
    operations.wait_idle(LAST_CHANGE_S)
    _flush(audit, everything=True)
    sampler.stop()


def _follow_users(sessions: Sessions) -> None:
    """Publish users that `manage user` changed on the host, so that the dashboard sees them without a request."""
    try:
        sessions.follow_users()
    except NodeyardError as error:
        log.error("%s %s", error.message, error.hint)


def _flush(audit: Audit, *, everything: bool = False) -> None:
    """Write how many records were left out; a full disk must not end the agent."""
    try:
        audit.flush(everything=everything)
    except OSError as error:
        log.error("cannot write the audit log: %s", error)


def main() -> None:
    """Run for the folder in NODEYARD_DIR; print an error as a sentence on standard error."""
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(name)s: %(message)s")
    try:
        run(Layout(Path(os.environ.get("NODEYARD_DIR", DEFAULT_DIR))))
    except NodeyardError as error:
        sys.exit(f"{error.message} {error.hint}".strip())
    except OSError as error:
        sys.exit(f"The agent cannot start: {error}.")


if __name__ == "__main__":
    main()
