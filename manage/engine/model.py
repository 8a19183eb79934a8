"""Values for what runs now. This module does not import Docker, so that plans and tests can use it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field

from manage.immutable import dataclass


@dataclass(frozen=True)
class ContainerFacts:
    """One container of a compose project."""

    id: str
    name: str
    service: str
    project: str
    installation: str
    """Value of our installation label, "" if it has none (then it is not ours)."""
    spec_digest: str
    """Value of the label `io.nodeyard.spec`, "" if it has none."""
    state: str
    """created, running, paused, restarting, exited or dead, as the engine reports it."""
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
    """Everything that a plan depends on besides the desired state."""

    containers: tuple[ContainerFacts, ...]
    volumes: Mapping[str, Mapping[str, str]]
    """Volume name -> labels, those with our installation label or our project's name prefix."""
    networks: Mapping[str, Mapping[str, str]]
    known_specs: Mapping[str, Mapping[str, object]] = field(default_factory=dict)
    """Spec digest -> spec document (what `specs/` holds), to name differences."""
    updates: Mapping[str, tuple[tuple[str, str, str], ...]] = field(default_factory=dict)
    """Service -> (what, present version, version of its image) of data that waits for an update, as watch found it."""
    config_hashes: Mapping[str, str] = field(default_factory=dict)
    """Service -> compose's hash of the desired service."""
    limits_memory: bool = True
    """False on a kernel without the memory cgroup: its engine drops every memory limit (docker-facts 33)."""
    live_files: Mapping[str, str] = field(default_factory=dict)
    """Service -> content of the file that it reads again when it changes, "" if there is none."""
