"""The operator's `stack.yml` after migration and validation."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from manage.catalog.model import Network

ImageSource = Literal["upstream", "local"]


@dataclass(frozen=True)
class Problem:
    """One thing wrong in a configuration file."""

    file: str
    line: int
    path: str
    """Dotted key path, e.g. `services.kaspad.ram_scale`."""
    message: str
    hint: str = ""


@dataclass(frozen=True)
class Config:
    """Validated and complete: `settings[service][key]` holds every setting with its default filled in.

    `settings` has an entry for each of `services` and for the manager's services.
    """

    name: str
    network: Network
    profiles: tuple[str, ...]
    image_source: ImageSource
    port_base: int
    bind: str
    """Address that loopback-published ports bind to; 127.0.0.1 unless exposed on purpose."""
    services: tuple[str, ...]
    """All services of the profiles, in catalog order, without those disabled; the manager's are not in it."""
    disabled: tuple[str, ...]
    settings: Mapping[str, Mapping[str, Any]]
    memory: Mapping[str, str] = field(default_factory=dict)
    """Memory limit by service in compose notation, defaults filled in; the manager's services too."""
    chain_dirs: Mapping[str, str] = field(default_factory=dict)
    """Host folder instead of a volume for a chain's data, by service."""
