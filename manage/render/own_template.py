"""What the template of an operator's service may render: plain values, and no mount of another service."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import PurePosixPath
from typing import Any

from manage.render import compose_document

LONE_DOLLAR = re.compile(r"(?<!\$)(?:\$\$)*\$(?!\$)")
"""A `$` that compose would replace with a variable of the host's environment."""
QUOTE = "put it in quotes, and a value of your settings through a filter: {{ value | string }}"
SHAPES: Mapping[str, type | tuple[type, ...]] = {
    "environment": dict,
    "command": list,
    "entrypoint": list,
    "volumes": list,
    "tmpfs": list,
    "healthcheck": dict,
}


def problems(compose: Mapping[str, Any], mounts: Sequence[Any], directory: str) -> Iterator[str]:
    """A phrase for each part of `compose` that is refused, whatever reasons the service file gives.

    `mounts` are those that the skeleton writes, `directory` is the installation's folder.
    """
    for key, shape in SHAPES.items():
        if not isinstance(compose.get(key, shape()), shape):  # type: ignore[operator]
            yield f"{key} is not {'a mapping' if shape is dict else 'a list'}"
    if "depends_on" in compose:
        yield "depends_on is for Nodeyard to decide"
    yield from _values(compose, "")
    yield from _not_text(compose)
    volumes = compose.get("volumes", [])
    for mount in volumes if isinstance(volumes, list) else []:
        if mount in mounts:
            continue
        if not _own_bind(mount):
            yield f"volumes has {mount!r}; volumes are listed in service.yml"
        elif _overlap(mount.split(":")[0] if isinstance(mount, str) else mount["source"], directory):
            yield f"volumes has {mount!r}; the installation's folder is not mounted"


def _not_text(compose: Mapping[str, Any]) -> Iterator[str]:
    """Values that compose takes as text only."""
    healthcheck, environment = compose.get("healthcheck"), compose.get("environment")
    lists = {key: compose.get(key) for key in ("entrypoint", "command", "tmpfs")}
    lists["healthcheck.test"] = healthcheck.get("test") if isinstance(healthcheck, dict) else None
    for key, entries in lists.items():
        for number, entry in enumerate(entries if isinstance(entries, list) else []):
            if found := _kind(entry):
                yield f"{key}[{number}] is {found}; {QUOTE}"
    for key in ("working_dir", "stop_signal"):
        if key in compose and (found := _kind(compose[key])):
            yield f"{key} is {found}; {QUOTE}"
    for name, value in environment.items() if isinstance(environment, dict) else ():
        if isinstance(value, list | dict):
            yield f"environment.{name} is {_kind(value)}; {QUOTE}"


def _kind(value: Any) -> str:
    """What `value` is instead of text; "" for text, and for what has another problem already."""
    match value:
        case None:
            return "empty"
        case bool():
            return "true" if value else "false"
        case int() | float():
            return f"the number {value}"
        case list():
            return "a list"
        case dict():
            return "a mapping"
    return ""


def _own_bind(mount: Any) -> bool:
    """A folder of the host, which the hardening preset judges."""
    return isinstance(mount, str) or (
        isinstance(mount, dict) and mount.get("type") == "bind" and isinstance(mount.get("source"), str)
    )


def _overlap(source: str, directory: str) -> bool:
    """Whether one of the two paths lies in the other; a path that is not plain counts as one that does."""
    parts, own = PurePosixPath(compose_document.literal(source)).parts, PurePosixPath(directory).parts
    shorter = min(len(parts), len(own))
    return not source.startswith("/") or ".." in parts or parts[:shorter] == own[:shorter]


def _values(value: Any, path: str) -> Iterator[str]:
    if isinstance(value, Mapping):
        for name, entry in value.items():
            if not isinstance(name, str) or LONE_DOLLAR.search(name):
                yield f"{path or 'it'} has the key {name!r}, which is not plain text"
            yield from _values(entry, f"{path}.{name}" if path else str(name))
    elif isinstance(value, list):
        for entry in value:
            yield from _values(entry, path)
    elif isinstance(value, str):
        if LONE_DOLLAR.search(value):
            yield f"{path} has a single $; write $$"
    elif value is not None and not (isinstance(value, int | float) and math.isfinite(value)):
        yield f"{path} has {value!r}, which is neither text, a number, true nor false; quote it"
