"""Where the pages get their facts: files that are read when they change, and answers polled in the background."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from nodeclients.links import AGENT, WATCH_SOCKET

from manage.access import keys, revocations
from manage.access.revocations import Revocations
from manage.agent.client import AgentClient
from manage.errors import NodeyardError
from manage.health import disks, newest
from manage.health import snapshot as snapshots
from manage.health.model import Snapshot
from manage.health.trouble import Trouble
from manage.installation.layout import Layout
from manage.web import history
from manage.web.cached_file import CachedFile
from manage.web.history import History

log = logging.getLogger(__name__)

AGENT_EVERY_S = AGENT.every_s
HISTORY_EVERY_S = WATCH_SOCKET.every_s


class Sources:
    """What the dashboard knows. Reading a file costs a stat; `refresh` asks the other processes."""

    def __init__(self, layout: Layout, clock: Callable[[], float] = time.time) -> None:
        self.clock = clock
        self.agent = AgentClient(layout.agent_socket)
        self.agent_answers = False
        """Whether the agent answered the last `refresh`."""
        self.history: History = {}
        self.layout = layout
        self._snapshot = CachedFile(layout.snapshot_file, lambda: snapshots.read(layout))
        self._revocations = CachedFile(layout.revocations_file, lambda: revocations.read(layout.revocations_file))
        self._key = CachedFile(layout.session_public_file, lambda: keys.read_public(layout.session_public_file))
        self._history_at = float("-inf")
        self._live: Snapshot | None = None
        self.disk: Trouble | None = None
        """Why nothing can be written below the installation's folder, None if nothing is known to prevent it."""

    def snapshot(self) -> Snapshot:
        """The last snapshot of watch, of any age. Raises NodeyardError if there is none."""
        live = self._live
        try:
            written = self._snapshot.read()
        except NodeyardError:
            if live is None:
                raise
            return live
        return live if live is not None and live.seq > written.seq else written

    def revocations(self) -> Revocations:
        """Which sessions are still valid, as the agent last wrote it."""
        return self._revocations.read()

    def public_key(self) -> Ed25519PublicKey | None:
        """The key that verifies tokens, None before the agent has made one."""
        return self._key.read()

    def refresh(self) -> None:
        """Ping the agent, ask watch if its file is old, and, less often, fetch the last 24 hours. Never raises."""
        self._live = self._asked()
        self.disk = disks.trouble_of(self.layout.watch_dir, name=str(self.layout.dir), writes=False)
        try:
            self.agent.call("ping", timeout_s=2.0)
            self.agent_answers = True
        except NodeyardError:
            self.agent_answers = False
        if time.monotonic() - self._history_at < HISTORY_EVERY_S:
            return
        try:
            self.history = history.fetch(self.layout.watch_socket)
            self._history_at = time.monotonic()
        except (OSError, ValueError) as error:
            log.debug("cannot read the history: %s", error)

    def _asked(self) -> Snapshot | None:
        """What watch answers if it does not write; None while it does, or if it does not answer either."""
        try:
            if snapshots.age(self._snapshot.read(), self.clock()) <= newest.OLD_S:
                return None
        except NodeyardError:
            pass
        return newest.ask(self.layout)

    def run(self) -> threading.Thread:
        """Refresh in the background until the process ends."""

        def loop() -> None:
            pause = threading.Event()
            while True:
                self.refresh()
                pause.wait(AGENT_EVERY_S)

        thread = threading.Thread(target=loop, name="sources", daemon=True)
        thread.start()
        return thread
