"""What a driver is: a module `manage.health.probes.<name>` with `probe` (asks, has effects) and `judge` (pure).

Found by its name alone: a new driver is one new file.
"""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol, cast

from manage.catalog.model import Need
from manage.errors import NodeyardError
from manage.health.model import EngineState, Fact, Judgement
from manage.installation.layout import Layout

DEADLINE_S = 3.0
"""How long one probe may take, all its questions together."""
PERIOD_S = 2.0
"""From the start of one probe to the start of the next."""
SECRETS = Path("/run/secrets")


class ProbeFault(Exception):
    """No usable answer. The text follows "silent for 12 s: "; facts of earlier answers are kept until they age."""


@dataclass(frozen=True)
class Endpoint:
    """Where a port of a service is reached from watch."""

    host: str
    port: int
    scheme: str

    @property
    def url(self) -> str:
        return f"{self.scheme}://{self.host}:{self.port}"

    def __str__(self) -> str:
        return f"{self.host}:{self.port}"


@dataclass(frozen=True)
class Target:
    """One watched service, as `watch.json` names it."""

    name: str
    title: str
    group: str
    driver: str
    network: str
    ports: Mapping[str, Endpoint] = field(default_factory=dict)
    needs: tuple[Need, ...] = ()
    thresholds: Mapping[str, float] = field(default_factory=dict)
    startup_s: float = 30.0
    simulated: bool = False
    databases: tuple[str, ...] = ()
    """Every database that the stack's services own, this one's or another's, `tracker_sandbox` for instance."""
    directory: Path = Path("/var/lib/nodeyard")
    secrets: Path = SECRETS

    @property
    def layout(self) -> Layout:
        return Layout(self.directory)

    def endpoint(self, port: str) -> Endpoint:
        """Where its port is reached. Raises ProbeFault when watch.json does not name it."""
        if port not in self.ports:
            raise ProbeFault(f"watch.json names no port {port} of {self.name}")
        return self.ports[port]

    def secret(self, name: str) -> str:
        """A secret that is mounted into watch. Raises ProbeFault when it cannot be read."""
        try:
            return (self.secrets / name).read_text(encoding="utf-8").strip()
        except OSError as fault:
            raise ProbeFault(f"the secret {name} cannot be read ({fault.strerror})") from fault


class Held(Protocol):
    """A connection that outlives one probe."""

    async def close(self) -> None: ...


@dataclass
class Memory:
    """What is kept of one service between two probes; watch fills it in, a driver may hold one connection in it."""

    facts: tuple[Fact, ...] = ()
    """Of the last answered probe, () when the container has started since."""
    engine: EngineState = field(default_factory=lambda: EngineState("unknown"))
    interrupted: bool = False
    """The probe before this one failed: what a held subscription saw may have a hole."""
    held: Held | None = None

    async def release(self) -> None:
        """Close what is held, if anything is."""
        held, self.held = self.held, None
        if held is not None:
            await held.close()


def young(target: Target, engine: EngineState, now: float) -> bool:
    """Whether its container started so lately that what is missing may still come; False when that is not known."""
    return bool(engine.started_at) and now - engine.started_at <= target.startup_s


class Driver(Protocol):
    async def probe(self, target: Target, memory: Memory) -> tuple[Fact, ...]:
        """Ask the service. Cancelled after `DEADLINE_S`; raises ProbeFault when there is no usable answer."""
        ...

    def judge(self, target: Target, facts: tuple[Fact, ...], engine: EngineState, now: float) -> Judgement:
        """What the facts of the last answer, some seconds old, mean at `now` (unix seconds). Pure."""
        ...


def load(name: str) -> Driver:
    """The driver module called `name`. Raises NodeyardError when there is none."""
    path = f"manage.health.probes.{name}"
    try:
        module = importlib.import_module(path)
    except ModuleNotFoundError as fault:
        if fault.name != path:
            raise
        raise NodeyardError(
            f"There is no health driver called {name}.", f"It would be the file manage/health/probes/{name}.py"
        ) from None
    return cast(Driver, module)
