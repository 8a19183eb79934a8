"""What runs now, read from the engine in one pass. No Docker import here: plan and tests use these values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class ContainerFacts:
    """One container of a compose project."""

    id: str
    name: str
    service: str
    project: str
    installation: str
    """Value of our installation label, "" when it carries none (then it is not ours)."""
    spec_digest: str
    state: str
    """created, running, paused, restarting, exited, dead (the engine's words)."""
    config_hash: str
    """Compose's own hash label."""
    image_digest: str
    """Config digest of the image it runs."""
    memory_bytes: int
    networks: tuple[str, ...]
    started_at: float = 0.0
    restarts: int = 0
    exit_code: int = 0
    oom_killed: bool = False


@dataclass(frozen=True)
class Facts:
    """Everything a plan may look at."""

    containers: tuple[ContainerFacts, ...]
    volumes: Mapping[str, Mapping[str, str]]
    """Volume name -> labels, those with our installation label or our project's name prefix."""
    networks: Mapping[str, Mapping[str, str]]
    known_specs: Mapping[str, Mapping[str, object]] = field(default_factory=dict)
    """Spec digest -> spec document (what `specs/` holds), to name differences."""
    config_hashes: Mapping[str, str] = field(default_factory=dict)
    """Service -> hash that compose would give the desired service."""
