"""What a service needs of memory, disk and time to stop, as its settings decide. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from manage.catalog import rules, sizes
from manage.catalog.document import KeyPath
from manage.catalog.model import Demand, Service
from manage.catalog.reader import Reader, unknown_name

FLUSH_BYTES_S = 10_000_000
"""How fast a cache is written when a service stops: bitcoind took 792 s for 9.5 GB on an SSD (bitcoin issue 17397)."""
COUNTED = ("integer", "number", "size", "boolean")
"""Types of settings that a demand can be a multiple of."""
LONGEST_STOP_S = 86400
_NUMBER = re.compile(r"[0-9]+([.][0-9]+)?")


def memory_bytes(service: Service, settings: Mapping[str, Any]) -> int:
    """The memory that it takes with these settings; 0 if its file does not say, and for a simulator."""
    demand = service.resources.memory_use
    return 0 if demand is None or service.simulated else _bytes(demand, settings)


def disk_bytes(service: Service, settings: Mapping[str, Any]) -> int:
    """The disk space that it needs at the start with these settings."""
    for demand in () if service.simulated else service.resources.disk_use:
        if rules.holds(f"{service.name}.{demand.when}", (service.name,), {service.name: settings}):
            return _bytes(demand, settings)
    return service.resources.disk_bytes


def stop_grace_s(service: Service, settings: Mapping[str, Any]) -> int:
    """Seconds it may take to stop: its own, and the time to write what it holds in memory."""
    held = 0 if service.simulated else sum(_parts(service.flush, settings))
    return min(service.stop_grace_s + held // FLUSH_BYTES_S, LONGEST_STOP_S)


def check(reader: Reader, service: Service) -> None:
    """Record what is wrong with the demands of a service file."""
    memory = service.resources.memory_use
    _check_parts(reader, service, service.flush, ("flush",))
    if memory is not None:
        _check_parts(reader, service, memory.per, ("resources", "memory_use", "per"))
        if memory.when:
            reader.add_problem(("resources", "memory_use", "when"), "only an entry of disk_use has a condition")
    for number, demand in enumerate(service.resources.disk_use):
        path = ("resources", "disk_use", number)
        _check_parts(reader, service, demand.per, (*path, "per"))
        if not _is_condition(service, demand.when):
            sentence = f"{demand.when!r} is not a setting and its value, like prune>0 or index=true"
            reader.add_problem((*path, "when"), sentence)


def _is_condition(service: Service, when: str) -> bool:
    match = rules.SUBJECT.fullmatch(f"{service.name}.{when}")
    kind = next((setting.type for setting in service.settings if match and setting.key == match["key"]), "")
    if match is None or match["op"] not in ("<", ">"):
        return bool(kind)
    return kind in ("integer", "number") and bool(_NUMBER.fullmatch(match["value"]))


def _check_parts(reader: Reader, service: Service, parts: Mapping[str, Any], path: KeyPath) -> None:
    types = {setting.key: setting.type for setting in service.settings if setting.type in COUNTED}
    for key, size in parts.items():
        if key not in types:
            reader.add_problem((*path, key), unknown_name("setting with a number", key, types))
        elif not isinstance(size, str) or not sizes.PATTERN.fullmatch(size):
            reader.add_problem((*path, key), f"{size!r} is not a size like 512m or 16g")


def _bytes(demand: Demand, settings: Mapping[str, Any]) -> int:
    return sizes.parse(demand.base) + sum(_parts(demand.per, settings))


def _parts(per: Mapping[str, Any], settings: Mapping[str, Any]) -> Iterator[int]:
    for key, size in per.items():
        value = settings[key]
        yield int((sizes.parse(value) if isinstance(value, str) else value) * sizes.parse(size))
