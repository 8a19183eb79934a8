"""What can be deployed, as loaded from `profiles/` and cross-checked. Data only."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

Network = Literal["mainnet", "testnet", "private", "sandbox"]
NETWORKS: tuple[Network, ...] = ("mainnet", "testnet", "private", "sandbox")
Group = Literal["chains", "data", "services", "manager"]
GROUPS: tuple[Group, ...] = ("chains", "data", "services", "manager")
Effect = Literal["reload", "recreate", "one-way"]
RollbackClass = Literal["safe", "restore-needed", "impossible"]


@dataclass(frozen=True)
class Setting:
    """One key that an operator may set. The same entry validates, documents and draws the form."""

    key: str
    type: Literal["boolean", "integer", "number", "string", "choice", "size", "path", "list"]
    default: Any
    help: str
    effect: Effect = "recreate"
    minimum: float | None = None
    maximum: float | None = None
    choices: tuple[str, ...] = ()
    pattern: str = ""
    """Regular expression that the whole value (each entry of a list) matches."""
    one_way: str = ""
    """The sentence that a one-way change shows (only with effect "one-way")."""
    one_way_when: Literal["on", "off"] = "on"
    """Which way data is lost: by setting it ("on", also any other value that is not zero) or by switching it off."""
    host_only: bool = False
    """Cannot be set through the agent."""


@dataclass(frozen=True)
class Port:
    """A port that a service listens on inside its container."""

    name: str
    number: int
    scheme: str
    """http, ws, tcp, postgresql, ...: what a URL to it starts with."""
    flag: str = ""
    """The argv or config fragment without which nothing listens there; checked by the contract check."""
    publish: str = ""
    """How it leaves the host: "" never, "loopback" with `offset` from `ports.base`, or "public:SETTING" when that
    setting is true."""
    offset: int = 0


@dataclass(frozen=True)
class Need:
    """This service waits until `check` of `service` holds."""

    service: str
    check: str
    unless: str = ""
    """A setting of this service; with a value it names another provider, and the need is gone."""


@dataclass(frozen=True)
class Volume:
    name: str
    path: str
    holds: Literal["chain", "database", "history"]


@dataclass(frozen=True)
class Secret:
    """A generated secret and where this service finds it: `/run/secrets/<name>`."""

    name: str
    kind: Literal["password", "token", "rpcauth"] = "password"
    """"rpcauth" is derived: bitcoin.conf lines with the salted hashes of all `bitcoind_rpc_*` passwords in use."""
    with_service: str = ""
    """Only needed when that service is part of the stack."""
    for_host: bool = False
    """Made and kept for commands on the host; no container mounts it."""


@dataclass(frozen=True)
class Resources:
    memory: str
    """Hard limit, compose notation ("512m", "16g")."""
    pids: int
    cpus: float = 0.0
    disk_bytes: int = 0
    """What it needs on disk at the start, for the check before `up`."""


@dataclass(frozen=True)
class Service:
    """One service of the catalog, already resolved for one network (maps by network are flattened)."""

    name: str
    title: str
    group: Group
    summary: str
    image: str
    uid: int
    simulated: bool
    networks: tuple[str, ...]
    ports: tuple[Port, ...]
    settings: tuple[Setting, ...]
    needs: tuple[Need, ...]
    secrets: tuple[Secret, ...]
    volumes: tuple[Volume, ...]
    resources: Resources
    stop_grace_s: int
    startup_s: int
    """How long the gate lets it be `starting` before it calls the change failed."""
    downtime_s: int
    """About how long a recreate keeps it away, for the plan."""
    rollback: RollbackClass
    backup: str
    driver: str
    """Module name in `manage.health.probes`."""
    thresholds: Mapping[str, float] = field(default_factory=dict)
    log_patterns: tuple[str, ...] = ()
    exceptions: Mapping[str, str] = field(default_factory=dict)
    """Exceptions from the hardening preset: what -> reason."""
    database: str = ""
    """The database this service owns in timescaledb, before `_<network>` is added; its role has the same name."""
    database_grants: tuple[str, ...] = ()
    """Predefined PostgreSQL roles that this service's role is a member of."""
    proxy_path: str = ""
    """Where the proxy publishes its port `http`, e.g. `/tracker/`; "" for nowhere."""
    bitcoind_rpc: tuple[str, ...] = ()
    """What bitcoind lets this service's RPC user call; the password is the secret `bitcoind_rpc_<service>`."""
    entrypoint: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """The program by image source (upstream, local); without one the image's own entrypoint is taken."""
    local_refused: str = ""
    """Why the locally built image must not follow mainnet or testnet, as the end of a sentence; "" where it may."""
    docs: str = ""

    def port(self, name: str) -> Port:
        """The port called `name`; KeyError if there is none."""
        for port in self.ports:
            if port.name == name:
                return port
        raise KeyError(f"{self.name} has no port {name}")


@dataclass(frozen=True)
class Rule:
    """A constraint between services or settings; broken rules are config faults, in `sentence`'s words."""

    kind: Literal["requires", "exclusive", "incompatible"]
    """requires: the first subject wants all others; exclusive: at most one; incompatible: not all at once."""
    subjects: tuple[str, ...]
    """Service names, or `service.setting=value` (also `!=`, `>`, `<`)."""
    sentence: str


@dataclass(frozen=True)
class Profile:
    name: str
    title: str
    summary: str
    services: tuple[str, ...]
    default_network: Network
    networks: tuple[Network, ...]


@dataclass(frozen=True)
class Catalog:
    """Every profile and service. `service(name, network)` gives the resolved entry."""

    profiles: Mapping[str, Profile]
    entries: Mapping[str, Mapping[str, Any]]
    """Raw service documents by name, in start order; resolve with `manage.catalog.load.resolve`."""
    rules: tuple[Rule, ...]
