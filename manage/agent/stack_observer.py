"""What the sampler samples: the services in the current `stack.yml`, with their log patterns from the catalog."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from manage import config
from manage.catalog import load_catalog
from manage.catalog.model import Service
from manage.engine.observer import Observer
from manage.errors import NodeyardError
from manage.installation import identity, lock
from manage.installation.layout import Layout

log = logging.getLogger(__name__)


class StackObserver:
    """Samples the engine once per call; follows changes of `stack.yml` and of own services. Not thread-safe."""

    def __init__(self, layout: Layout) -> None:
        self._layout = layout
        self._observer: Observer | None = None
        self._stamp: tuple[int, ...] = ()

    def __call__(self) -> Mapping[str, Any]:
        """`services` and `host` of `engine.json`. Raises NodeyardError if the engine does not answer."""
        stamp = _stamp(self._layout)
        if self._observer is None or stamp != self._stamp:
            self._observer = self._observe()
            self._stamp = stamp
        return self._observer.sample()

    def _observe(self) -> Observer:
        installation = identity.read(self._layout)
        try:
            catalog = load_catalog(self._layout)
            found = config.load(self._layout.stack_file, catalog)
        except NodeyardError as error:
            # Sample the containers anyway, without log patterns: an error in a file must not hide their state.
            log.error("stack.yml or a service file is not valid, so no log lines are collected: %s", error.message)
            return Observer(self._layout, installation, {}, _manager(load_catalog().services("sandbox")))
        services = catalog.services(found.network)
        manager = _manager(services)
        patterns = {name: services[name].health.log_patterns for name in (*found.services, *manager)}
        return Observer(self._layout, installation, patterns, manager)


def _manager(services: Mapping[str, Service]) -> list[str]:
    return [service.name for service in services.values() if service.group == "manager"]


def _stamp(layout: Layout) -> tuple[int, ...]:
    """Changes when stack.yml or a file of the operator's own services changes."""
    own = sorted(layout.services_dir.glob("*/service.yml")) if layout.services_dir.is_dir() else []
    return tuple(_modified(path) for path in (layout.stack_file, layout.services_dir, *own))


def _modified(path: Path) -> int:
    """Modification time in ns, -1 if there is no such file."""
    try:
        return path.stat().st_mtime_ns
    except FileNotFoundError:
        return -1


def host_operation(layout: Layout) -> dict[str, Any] | None:
    """The change that `manage` on the host is making, as `engine.json` shows it; None if there is none."""
    if not lock.holder(layout):
        return None
    held = lock.named_holder(layout)  # None if it ended between the two reads
    return {"kind": held.verb, "by": held.by, "since": held.since} if held else None
