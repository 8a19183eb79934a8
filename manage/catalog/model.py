"""Profiles, services and rules as loaded from `profiles/`. Fields with a description are keys of the files."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from manage.catalog import sizes
from manage.catalog.fields import described
from manage.immutable import dataclass

Network = Literal["mainnet", "testnet", "private", "sandbox"]
NETWORKS: tuple[Network, ...] = ("mainnet", "testnet", "private", "sandbox")
Group = Literal["data", "chains", "services", "manager"]
GROUPS: tuple[Group, ...] = ("data", "chains", "services", "manager")
"""In start order."""
SETTING_TYPES = ("boolean", "integer", "number", "string", "choice", "size", "path", "list")


@dataclass(frozen=True)
class Setting:
    """One key of `stack.yml`. Validation, documentation and form use it."""

    key: str
    type: str = described("text", "Type of the value.", choices=SETTING_TYPES)
    default: Any = described("any", "Value if the operator sets none.")
    help: str = described(
        "text", "What it does, in a sentence.", why="`manage config explain` shows it to the operator"
    )
    example: Any = described("any", "A value that an operator could choose.", why="the documentation shows it")
    effect: str = described("text", "How a change takes effect.", "recreate", choices=("recreate", "one-way"))
    minimum: float | None = described("number", "Smallest value.", None)
    maximum: float | None = described("number", "Largest value.", None)
    choices: tuple[str, ...] = described("texts", "Values of a choice.", ())
    pattern: str = described("text", "Regular expression that the whole value, or each entry of a list, matches.", "")
    one_way: str = described("text", "What a one-way change loses, in a sentence.", "")
    one_way_when: str = described(
        "text", "Whether data is lost when it is switched on or off.", "on", choices=("on", "off")
    )
    host_only: bool = described("boolean", "Cannot be set through the dashboard.", False)
    remote: bool = described("boolean", "Names addresses outside of the stack, so a value implies `outbound`.", False)


@dataclass(frozen=True)
class Port:
    """A port that a service listens on inside its container."""

    name: str
    number: int = described("integer", "Port inside the container.")
    scheme: str = described("text", "What a URL to it starts with: http, ws, tcp, postgresql.")
    flag: str = described("text", "Text that must be in the arguments or files for the service to listen there.", "")
    publish: str = described(
        "text", "`loopback` (at `ports.base` + offset), `public:SETTING` (when that setting is true), or nothing.", ""
    )
    offset: int = described("integer", "Offset of the host port from `ports.base`.", 0)

    def is_published(self, settings: Mapping[str, Any]) -> bool:
        """Whether the host publishes it, with these settings of its service."""
        return self.publish == "loopback" or bool(self.publish and settings[self.publish.removeprefix("public:")])


@dataclass(frozen=True)
class Need:
    """A service waits until `check` of `service` holds."""

    service: str = described("text", "Service to wait for.")
    check: str = described("text", "Check of its health driver that must hold.")
    unless: str = described("text", "Setting of this service that names another provider and removes the need.", "")


@dataclass(frozen=True)
class Volume:
    """One of a service's volumes."""

    name: str
    path: str = described("text", "Where it is mounted.")
    holds: str = described("text", "What it holds.", choices=("chain", "database", "history"))


@dataclass(frozen=True)
class Secret:
    """A generated secret, mounted at `/run/secrets/<name>`."""

    name: str = described("text", "Name of the secret.")
    kind: str = described(
        "text",
        "`rpcauth` holds salted hashes of the passwords of a relation's users.",
        "password",
        choices=("password", "token", "rpcauth"),
    )
    relation: str = described("text", "Relation whose passwords an `rpcauth` secret hashes.", "")
    for_host: bool = described("boolean", "Only commands on the host read it. It is mounted into no container.", False)


@dataclass(frozen=True)
class Demand:
    """Bytes that a service needs, as its settings decide."""

    base: str = described("size", "What it needs in any case, like 700m.")
    per: Mapping[str, Any] = described(
        "mapping", "Setting -> what each unit of it adds, like `dbcache: 1m`; `1b` for a setting that is a size.", {}
    )
    when: str = described("text", "In `disk_use`: the setting and value for which it holds, like `prune>0`.", "")


@dataclass(frozen=True)
class Resources:
    """What a service needs and may use."""

    memory: str = described("size", "Hard limit of memory, like 512m.", why="a limit protects the other services")
    pids: int = described("integer", "Hard limit of processes.", why="a limit protects the other services")
    disk: str = described("size", "Disk space that it needs at the start, like 10m.")
    cpus: float = described("number", "Limit of processors, 0 for no limit.", 0.0)
    memory_use: Demand | None = described(
        "table", "What it takes of its memory limit; a stack.yml that allows less is refused.", None, table=Demand
    )
    disk_use: tuple[Demand, ...] = described(
        "tables", "Disk space in place of `disk`: the first entry whose `when` holds.", (), table=Demand
    )

    @property
    def disk_bytes(self) -> int:
        return sizes.parse(self.disk)


@dataclass(frozen=True)
class Health:
    """How the health of a service is judged."""

    driver: str = described("text", "Health driver, see docs/drivers.md.", why="it decides the verdict of the service")
    options: Mapping[str, Any] = described("mapping", "Options of a generic driver.", {})
    thresholds: Mapping[str, float] = described("numbers", "Thresholds in place of the driver's defaults.", {})
    log_patterns: tuple[str, ...] = described("texts", "Regular expressions of log lines to keep as evidence.", ())


@dataclass(frozen=True)
class Provided:
    """A relation that the service offers to others."""

    relation: str
    port: str
    check: str
    """Check that a user waits for if it names no other; "" for none."""
    attributes: Mapping[str, Any]


@dataclass(frozen=True)
class Used:
    """A relation that the service uses."""

    relation: str
    check: str
    """Check of the provider to wait for; "" for the provider's own."""
    unless: str
    """Setting of this service that names another provider."""
    optional: bool
    """The service works without a provider."""
    every: bool
    """It uses all providers in the stack, not one."""
    attributes: Mapping[str, Any]


@dataclass(frozen=True)
class Service:
    """One service, resolved for one network."""

    version: int = described("integer", "Version of this file's format, 1.")
    name: str = described("text", "Name, equal to the name of the folder.")
    title: str = described("text", "Name shown to people.")
    summary: str = described("text", "What it is, in a sentence.")
    group: Group = described("text", "Group; it decides the start order.", choices=GROUPS)
    image: str = described("text", "Image that it runs.")
    uid: int = described("integer", "User id that it runs under.", why="every service has its own user id")
    resources: Resources = described("table", "Limits.", table=Resources, why="a limit protects the other services")
    stop_grace_s: int = described(
        "integer", "Seconds it may take to stop.", why="it must be able to stop without losing data"
    )
    startup_s: int = described(
        "integer", "Seconds that the gate gives it to start.", why="the gate must know how long to wait"
    )
    downtime_s: int = described("integer", "Seconds that a recreate takes.", why="the plan states the downtime")
    rollback: str = described(
        "text", "Whether an older version can open its data.", choices=("safe", "restore-needed", "impossible")
    )
    backup: str = described(
        "text", "Backup of its data.", why="it says how its data is backed up, or why it need not be"
    )
    health: Health = described("table", "Health.", table=Health, why="it decides the verdict of the service")
    flush: Mapping[str, Any] = described(
        "mapping", "Setting -> bytes that it writes for each unit when it stops; they lengthen `stop_grace_s`.", {}
    )
    simulated_image: str = described("text", "Image that simulates it on the network sandbox.", "")
    local_refused: str = described("text", "Why a locally built image must not run on mainnet or testnet.", "")
    entrypoint: Mapping[str, Any] = described("mapping", "Program by image source (upstream, local).", {})
    outbound: bool = described("boolean", "Whether it may connect to addresses outside of the stack.", False)
    networks: tuple[str, ...] = described("texts", "Has no effect: networks follow from `provides` and `uses`.", ())
    ports: tuple[Port, ...] = described("tables", "Ports by name.", (), table=Port, by_name=True)
    settings: tuple[Setting, ...] = described(
        "tables", "Settings of stack.yml by key.", (), table=Setting, by_name=True
    )
    provides: Any = described("mapping", "Relations that it provides, by name.", {})
    uses: Any = described("mapping", "Relations that it uses, by name.", {})
    needs: tuple[Need, ...] = described("tables", "Services that it waits for without a relation.", (), table=Need)
    secrets: tuple[Secret, ...] = described("tables", "Secrets of its own.", (), table=Secret)
    volumes: tuple[Volume, ...] = described("tables", "Volumes by name.", (), table=Volume, by_name=True)
    exceptions: Mapping[str, Any] = described(
        "mapping", "Exceptions from the hardening preset, each with its reason.", {}
    )
    directory: str = ""
    """Folder of its files. Text, because templates see this object and a `Path` could read any file."""
    file: str = ""
    """Its `service.yml`, as messages name it."""
    own: bool = False
    """The operator's own, from the installation's folder."""
    simulated: bool = False

    def port(self, name: str) -> Port:
        """The port called `name`; KeyError if there is none."""
        for port in self.ports:
            if port.name == name:
                return port
        raise KeyError(f"{self.name} has no port {name}")

    def use(self, relation: str) -> Used | None:
        return next((used for used in self.uses if used.relation == relation), None)


@dataclass(frozen=True)
class Rule:
    """A constraint between services or settings. `sentence` reports a broken rule as a problem of stack.yml."""

    kind: str = described(
        "text",
        "requires: the first subject needs all others; exclusive: at most one; incompatible: not all at once.",
        choices=("requires", "exclusive", "incompatible"),
    )
    subjects: tuple[str, ...] = described("texts", "Services, or `service.setting=value` (also `!=`, `>`, `<`).")
    sentence: str = described("text", "Sentence for the operator.")


@dataclass(frozen=True)
class Profile:
    """A named set of services that are deployed together."""

    name: str = described("text", "Name, equal to the name of the file.")
    title: str = described("text", "Name shown to people.")
    summary: str = described("text", "What it is, in a sentence.")
    services: tuple[str, ...] = described("texts", "Services that it deploys.")
    default_network: Network = described("text", "Network if the operator names none.", choices=NETWORKS)
    networks: tuple[Network, ...] = described("texts", "Networks that it runs on.")
    version: int = described("integer", "Version of this file's format, 1.", 1)
