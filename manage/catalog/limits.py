"""Bounds of the numbers and names of a service file, so that Docker, the host and a terminal can take them."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from typing import Any

from manage.catalog import sizes
from manage.catalog.document import KeyPath
from manage.catalog.drivers.pattern import pattern_fault
from manage.catalog.model import Service
from manage.catalog.reader import Reader
from manage.installation import ids

DAY_S = 86400
KEY = re.compile(r"[a-z][a-z0-9_]{0,39}")
PORT_NAME = re.compile(r"[a-z][a-z0-9_-]{0,39}")
SCHEME = re.compile(r"[a-z][a-z0-9+]{0,19}")
TAKEN = ("enabled", "memory", "outbound", "data_dir", "chain_dir")
"""Keys that every service has in stack.yml."""
MEMORY = (4 << 20, 1 << 44)
MAX_OFFSET = 535
"""`ports.base` goes up to 65000."""


def check(reader: Reader, service: Service) -> None:
    """Record every number, name or text of the file that is out of bounds."""
    for path, number, least, most in _numbers(service):
        stated = path in reader.document.lines and not reader.is_faulty(path)
        if stated and not (math.isfinite(number) and least <= number <= most):
            reader.add_problem(path, f"it must be from {least} to {most}")
    memory = sizes.parse(service.resources.memory or "0")
    stated = ("resources", "memory") in reader.document.lines and not reader.is_faulty(("resources", "memory"))
    if stated and not MEMORY[0] <= memory <= MEMORY[1]:
        reader.add_problem(("resources", "memory"), "it must be from 4m to 16384g")
    for port in service.ports:
        if not PORT_NAME.fullmatch(port.name) or not SCHEME.fullmatch(port.scheme):
            reader.add_problem(("ports", port.name), "a port has a plain name and a scheme like http or tcp")
    for setting in service.settings:
        if not KEY.fullmatch(setting.key) or setting.key in TAKEN:
            reader.add_problem(("settings", setting.key), "use a-z, 0-9 and _, and no key that every service has")
    for volume in service.volumes:
        if ".." in volume.path.split("/") or f"{volume.path}/".startswith(("/run/secrets/", "/etc/nodeyard/")):
            reader.add_problem(("volumes", volume.name, "path"), "use a path outside of /run/secrets and /etc/nodeyard")
    for path in _unprintable(reader.document.value):
        reader.add_problem(path, "it holds a control character; use plain text")
    if service.own:
        _check_patterns(reader, service)


def _numbers(service: Service) -> Iterator[tuple[KeyPath, float, float, float]]:
    """(path, value, smallest, largest)."""
    for key, least in (("stop_grace_s", 1), ("startup_s", 1), ("downtime_s", 0)):
        yield (key,), getattr(service, key), least, DAY_S
    yield ("uid",), service.uid, 0, ids.OWN.stop - 1
    yield ("resources", "pids"), service.resources.pids, 1, 1 << 20
    yield ("resources", "cpus"), service.resources.cpus, 0, 4096
    for port in service.ports:
        yield ("ports", port.name, "number"), port.number, 1, 65535
        yield ("ports", port.name, "offset"), port.offset, 0, MAX_OFFSET


def _check_patterns(reader: Reader, service: Service) -> None:
    """Patterns of an operator's service: a slow one would stop manage, or the agent that reads the log."""
    for setting in service.settings:
        if problem := pattern_fault(setting.pattern):
            reader.add_problem(("settings", setting.key, "pattern"), f"{setting.pattern!r} {problem}")
    for number, pattern in enumerate(service.health.log_patterns):
        if problem := pattern_fault(pattern):
            reader.add_problem(("health", "log_patterns", number), f"{pattern!r} {problem}")


def _unprintable(value: Any, path: KeyPath = ()) -> Iterator[KeyPath]:
    """Paths of texts with a control character, keys included; line breaks are allowed in values."""
    if isinstance(value, Mapping):
        for key, entry in value.items():
            if not key.isprintable():
                yield path
            yield from _unprintable(entry, (*path, key))
    elif isinstance(value, list):
        for number, entry in enumerate(value):
            yield from _unprintable(entry, (*path, number))
    elif isinstance(value, str) and not value.replace("\n", "").replace("\t", "").isprintable():
        yield path
