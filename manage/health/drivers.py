"""What a driver is: a module `manage.health.probes.<name>` with `probe` (asks, has effects) and `judge` (pure).

`manage/health/probes/<name>.yml` beside it declares its checks, thresholds and options.
"""

from __future__ import annotations

import dataclasses
import importlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol, cast

from nodeclients.links import PROBE

from manage import untrusted, words
from manage.catalog.model import Need
from manage.errors import NodeyardError
from manage.health.model import EngineState, Fact, Judgement
from manage.immutable import dataclass
from manage.installation.layout import Layout

DEADLINE_S = PROBE.deadline_s
"""How long one probe may take, including all its requests."""
PERIOD_S = PROBE.every_s
"""From the start of one probe to the start of the next."""
CHANGE_PERIOD_S = 0.5
"""The same while the stack is being changed: every gate of the change waits for an answer."""
SECRETS = Path("/run/secrets")


class ProbeFault(Exception):
    """No usable answer. The text follows "silent for 12 s: "; facts of earlier answers are kept until they expire.

    It may quote the service, so control characters are replaced.
    """

    def __init__(self, text: str) -> None:
        super().__init__(words.printable(text))


@dataclass(frozen=True)
class Endpoint:
    """The address at which watch reaches a port of a service."""

    host: str
    port: int
    scheme: str
    authority: str = ""
    """The header `Host` of requests, if it is not this address."""
    tls: bool = False
    """It speaks TLS, with a certificate that it signed itself."""

    @property
    def url(self) -> str:
        return f"{self.scheme}://{self.host}:{self.port}"

    def __str__(self) -> str:
        return f"{self.host}:{self.port}"


@dataclass(frozen=True)
class Target:
    """One watched service, as `watch.json` describes it."""

    name: str
    title: str
    group: str
    driver: str
    network: str
    ports: Mapping[str, Endpoint] = dataclasses.field(default_factory=dict)
    needs: tuple[Need, ...] = ()
    thresholds: Mapping[str, float] = dataclasses.field(default_factory=dict)
    """Every threshold that the driver declares, so code reads `thresholds["x"]` without a fallback."""
    options: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    """Every option that the driver declares."""
    startup_s: float = 30.0
    simulated: bool = False
    door: Endpoint | None = None
    """The proxy that publishes it, None without one."""
    database: str = ""
    """The service's own database, such as `tracker_sandbox`, "" when it has none."""
    databases: tuple[str, ...] = ()
    """The databases of all services of the stack."""
    directory: Path = Path("/var/lib/nodeyard")
    secrets: Path = SECRETS

    @property
    def layout(self) -> Layout:
        return Layout(self.directory)

    def endpoint(self, port: str) -> Endpoint:
        """The address of a port. Raises ProbeFault when watch.json does not list the port."""
        if port not in self.ports:
            raise ProbeFault(f"watch.json lists no port {port} of {self.name}")
        return self.ports[port]

    def secret(self, name: str) -> str:
        """A secret that is mounted into watch. Raises ProbeFault when it cannot be read."""
        try:
            return untrusted.text(self.secrets / name).strip()
        except (OSError, UnicodeDecodeError) as fault:
            why = getattr(fault, "strerror", "") or "it is not text"
            raise ProbeFault(f"the secret {name} cannot be read ({why})") from fault


class Session(Protocol):
    """A connection that stays open between probes."""

    async def close(self) -> None: ...


@dataclasses.dataclass
class Memory:
    """What is kept about one service between two probes. watch fills it in; a driver may keep one session in it."""

    facts: tuple[Fact, ...] = ()
    """Facts of the last successful probe, () when the container has started since."""
    engine: EngineState = dataclasses.field(default_factory=lambda: EngineState("unknown"))
    interrupted: bool = False
    """The previous probe failed, so an open subscription may have missed something."""
    session: Session | None = None

    async def release(self) -> None:
        """Close the session, if there is one."""
        session, self.session = self.session, None
        if session is not None:
            await session.close()


def in_startup(target: Target, engine: EngineState, now: float) -> bool:
    """Whether the container is within its startup time, so that what is missing may still come; False if unknown."""
    return bool(engine.started_at) and now - engine.started_at <= target.startup_s


class Driver(Protocol):
    async def probe(self, target: Target, memory: Memory) -> tuple[Fact, ...]:
        """Ask the service. Cancelled after `DEADLINE_S`; raises ProbeFault when there is no usable answer."""
        ...

    def judge(self, target: Target, facts: tuple[Fact, ...], engine: EngineState, now: float) -> Judgement:
        """What the facts of the last answer, a few seconds old, mean at `now` (unix seconds). Pure."""
        ...


def load(name: str) -> Driver:
    """The driver module called `name`. Raises NodeyardError when it does not exist."""
    path = f"manage.health.probes.{name}"
    try:
        module = importlib.import_module(path)
    except ModuleNotFoundError as fault:
        if fault.name != path:
            raise
        raise NodeyardError(
            f"There is no health driver called {name}.", f"Its code would be manage/health/probes/{name}.py"
        ) from None
    return cast(Driver, module)
