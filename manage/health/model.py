"""Verdicts and the snapshot: what watch writes and all others read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from typing import Any, Literal

from manage.immutable import dataclass

VerdictName = Literal["healthy", "starting", "syncing", "waiting", "degraded", "down", "disabled"]
VERDICTS: tuple[VerdictName, ...] = ("healthy", "starting", "syncing", "waiting", "degraded", "down", "disabled")


@dataclass(frozen=True)
class Fact:
    """One measured value. `value` is a plain JSON value; `at` is the unix time of the measurement."""

    name: str
    value: Any
    at: float
    unit: str = ""


@dataclass(frozen=True)
class Judgement:
    """A driver's judgement of its own service, before dependencies are considered. A pure function of facts."""

    verdict: VerdictName
    reason: str
    """Mandatory, in words: "tip 0.4 s old, 8 peers"."""
    checks: Mapping[str, bool] = field(default_factory=dict)
    """Named checks that other services may wait for: {"rpc": True, "synced": False}."""
    waits_for: tuple[str, ...] = ()
    """Services that it says it waits for, if it knows."""
    headline: str = ""
    """The fault in a few words without numbers, to follow "The Bitcoin node": "'s ZMQ is silent", "is paused"."""
    final: bool = False
    """The cause is the service's own (paused, killed, stopped), so no dependency is blamed for it."""


@dataclass(frozen=True)
class EngineState:
    """What the agent's `engine.json` says about one service."""

    state: str
    """running, paused, exited, created, restarting, dead, absent; "unknown" when engine.json is stale or missing."""
    at: float = 0.0
    started_at: float = 0.0
    restarts: int = 0
    exit_code: int = 0
    oom_killed: bool = False
    """Whether the engine says so of the last end of the container; about that end only."""
    memory_kills: tuple[tuple[float, bool], ...] = ()
    """(unix seconds, whether the main process was the victim) of the kills at the memory limit in the last hour."""
    memory_bytes: int = 0
    memory_limit: int = 0
    cpu_percent: float = 0.0
    log: tuple[tuple[float, str], ...] = ()
    """(unix seconds, line) of the last log lines that match the catalog's patterns, oldest first."""
    desired: bool = True
    """False when an operator stopped it on purpose (`manage down`)."""


@dataclass(frozen=True)
class ServiceStatus:
    """A service's verdict as it is shown everywhere."""

    name: str
    title: str
    group: str
    verdict: VerdictName
    reason: str
    since: float
    waits_for: tuple[str, ...]
    facts: tuple[Fact, ...]
    checks: Mapping[str, bool]
    log: tuple[tuple[float, str], ...] = ()
    headline: str = ""
    """As in `Judgement`."""
    answered_at: float = 0.0
    """Unix time of the last successful probe, 0 for never."""
    engine_at: float = 0.0
    """Unix time of the engine state behind it, 0 when unknown. A gate requires both to be newer than its operation."""


@dataclass(frozen=True)
class Snapshot:
    """All verdicts at one time. `seq` grows by one with each snapshot; a gate uses one newer than its operation."""

    version: int
    seq: int
    as_of: float
    name: str
    network: str
    sentence: str
    detail: str
    services: tuple[ServiceStatus, ...]
    host: Mapping[str, Any] = field(default_factory=dict)
    """From the agent {"disk_free_bytes", "disk_total_bytes", "memory_bytes", "memory_total_bytes", "cpu_percent",
    "load_1"}, and from watch {"disks": [fields of `Disk`], "clock": as in `manage.health.clock`}."""
