"""Where the pages get their facts: files read when they change, and what a background thread asks now and then."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from manage.agent import keys, standing
from manage.agent.client import AgentClient
from manage.agent.standing import Standing
from manage.errors import NodeyardError
from manage.health import snapshot as snapshots
from manage.health.model import Snapshot
from manage.host.layout import Layout
from manage.web import history
from manage.web.cached_file import CachedFile
from manage.web.history import Strips

log = logging.getLogger(__name__)

AGENT_EVERY_S = 2.0
HISTORY_EVERY_S = 30.0


class Feeds:
    """What the dashboard knows. Reading costs a stat; `refresh` does the asking."""

    def __init__(self, layout: Layout, clock: Callable[[], float] = time.time) -> None:
        self.clock = clock
        self.agent = AgentClient(layout.agent_socket)
        self.agent_answers = False
        """Whether it did when it was last asked."""
        self.strips: Strips = {}
        self._layout = layout
        self._snapshot = CachedFile(layout.snapshot_file, lambda: snapshots.read(layout))
        self._standing = CachedFile(layout.standing_file, lambda: standing.read(layout.standing_file))
        self._key = CachedFile(layout.session_public_file, lambda: keys.read_public(layout.session_public_file))
        self._history_at = float("-inf")

    def snapshot(self) -> Snapshot:
        """What watch wrote last, however old. Raises NodeyardError when there is none."""
        return self._snapshot.read()

    def standing(self) -> Standing:
        return self._standing.read()

    def public_key(self) -> Ed25519PublicKey | None:
        return self._key.read()

    def refresh(self) -> None:
        """Ask whether the agent answers and, less often, watch for the last 24 hours. Never raises."""
        try:
            self.agent.call("ping", timeout_s=2.0)
            self.agent_answers = True
        except NodeyardError:
            self.agent_answers = False
        if time.monotonic() - self._history_at < HISTORY_EVERY_S:
            return
        try:
            self.strips = history.ask(self._layout.watch_socket)
            self._history_at = time.monotonic()
        except (OSError, ValueError) as error:
            log.debug("no history: %s", error)

    def run(self) -> threading.Thread:
        """Refresh in the background for as long as the process lives."""

        def loop() -> None:
            pause = threading.Event()
            while True:
                self.refresh()
                pause.wait(AGENT_EVERY_S)

        thread = threading.Thread(target=loop, name="feeds", daemon=True)
        thread.start()
        return thread
