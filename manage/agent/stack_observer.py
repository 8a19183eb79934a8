"""What the sampler samples: the services in the current `stack.yml`, with their log patterns from the catalog."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from typing import Any

from manage import config
from manage.catalog import load_catalog
from manage.engine.observer import Observer
from manage.errors import NodeyardError
from manage.installation import identity, lock
from manage.installation.layout import Layout

log = logging.getLogger(__name__)


class StackObserver:
    """Samples the engine once per call; follows changes of `stack.yml`. Not thread-safe."""

    def __init__(self, layout: Layout) -> None:
        self._layout = layout
        self._observer: Observer | None = None
        self._stamp = 0

    def __call__(self) -> Mapping[str, Any]:
        """`services` and `host` of `engine.json`. Raises NodeyardError if the engine does not answer."""
        try:
            stamp = self._layout.stack_file.stat().st_mtime_ns
        except FileNotFoundError:
            stamp = -1
        if self._observer is None or stamp != self._stamp:
            self._observer = self._observe()
            self._stamp = stamp
        return self._observer.sample()

    def _observe(self) -> Observer:
        catalog = load_catalog(self._layout)
        manager = [service.name for service in catalog.services("sandbox").values() if service.group == "manager"]
        try:
            found = config.load(self._layout.stack_file, catalog)
            names, network = [*found.services, *manager], found.network
        except NodeyardError as error:
            # Sample the containers anyway, without log patterns: an error in stack.yml must not hide their state.
            log.error("stack.yml is not valid, so no log lines are collected: %s", error.message)
            return Observer(self._layout, identity.read(self._layout), {}, manager)
        patterns = {name: catalog.service(name, network).health.log_patterns for name in names}
        return Observer(self._layout, identity.read(self._layout), patterns, manager)


def host_operation(layout: Layout) -> dict[str, Any] | None:
    """The change that `manage` on the host is making, as `engine.json` shows it; None if there is none."""
    if not lock.holder(layout):
        return None
    try:
        held = json.loads(layout.lock_file.read_text())
        return {"kind": held["verb"], "by": held["by"], "since": held["since"]}
    except (OSError, ValueError, KeyError, TypeError):
        return None  # it ended between the two reads
