"""From a raw service document to the `Service` of one network: maps by network are flattened, every key is checked."""

from __future__ import annotations

import re
from typing import Any, cast

from manage.catalog import sizes
from manage.catalog.model import (
    GROUPS,
    NETWORKS,
    Catalog,
    Group,
    Need,
    Network,
    Port,
    Resources,
    Secret,
    Service,
    Setting,
    Volume,
)
from manage.catalog.reader import Key, Reader, fits, needed
from manage.errors import NodeyardError

SERVICE = {
    "version": needed("integer"),
    "name": needed("text"),
    "title": needed("text"),
    "summary": needed("text"),
    "group": needed("text"),
    "image": needed("text"),
    "simulated_image": Key("text", ""),
    "local_refused": Key("text", ""),
    "entrypoint": Key("mapping", {}),
    "uid": needed("integer", "every service runs under a user id of its own (10000 and up)"),
    "networks": needed("list"),
    "ports": Key("mapping", {}),
    "settings": Key("mapping", {}),
    "needs": Key("list", []),
    "database": Key("text", ""),
    "database_grants": Key("list", []),
    "proxy_path": Key("text", ""),
    "bitcoind_rpc": Key("list", []),
    "secrets": Key("list", []),
    "volumes": Key("mapping", {}),
    "resources": needed("mapping", "without a resource limit one service can take the whole host"),
    "stop_grace_s": needed("integer", "how long it may take to stop without losing data"),
    "startup_s": needed("integer", "how long the gate lets it start"),
    "downtime_s": needed("integer", "how long a recreate keeps it away, for the plan"),
    "rollback": needed("text", "safe, restore-needed or impossible"),
    "backup": needed("text", "what happens to its data in a backup, or why nothing needs to"),
    "health": needed("mapping", "no health driver means that nobody would know whether it works"),
    "exceptions": Key("mapping", {}),
    "docs": Key("text", ""),
}
PORT = {
    "number": needed("integer"),
    "scheme": needed("text"),
    "flag": Key("text", ""),
    "publish": Key("text", ""),
    "offset": Key("integer", 0),
}
SETTING = {
    "type": needed("text"),
    "default": needed("any"),
    "help": needed("text", "an operator reads it in `manage config explain`"),
    "effect": Key("text", "recreate"),
    "minimum": Key("number"),
    "maximum": Key("number"),
    "choices": Key("list", []),
    "pattern": Key("text", ""),
    "one_way": Key("text", ""),
    "one_way_when": Key("text", "on"),
    "host_only": Key("boolean", False),
}
SECRET = {
    "name": needed("text"),
    "kind": Key("text", "password"),
    "with_service": Key("text", ""),
    "for_host": Key("boolean", False),
}
NEED = {"service": needed("text"), "check": needed("text"), "unless": Key("text", "")}
VOLUME = {"path": needed("text"), "holds": needed("text")}
RESOURCES = {
    "memory": needed("text", "a resource limit in compose notation, like 512m"),
    "pids": needed("integer", "a limit of processes"),
    "cpus": Key("number", 0),
    "disk": needed("text", "what it needs on disk at the start, like 10m"),
}
HEALTH = {
    "driver": needed("text", "no health driver means that nobody would know whether it works"),
    "thresholds": Key("mapping", {}),
    "log_patterns": Key("list", []),
}
CHOICES: dict[str, tuple[str, ...]] = {
    "group": GROUPS,
    "rollback": ("safe", "restore-needed", "impossible"),
    "type": ("boolean", "integer", "number", "string", "choice", "size", "path", "list"),
    "effect": ("reload", "recreate", "one-way"),
    "one_way_when": ("on", "off"),
    "kind": ("password", "token", "rpcauth"),
    "holds": ("chain", "database", "history"),
}


def resolve(catalog: Catalog, name: str, network: Network) -> Service:
    """The service `name` as it is on `network`. NodeyardError if there is none or its file has faults."""
    if name not in catalog.entries:
        raise NodeyardError(f"There is no service {name}.", f"There are: {', '.join(catalog.entries)}.")
    return build(catalog.entries[name], network, file=f"profiles/services/{name}/service.yml")


def build(document: Any, network: Network, *, file: str) -> Service:
    """A `Service` from its raw document; NodeyardError with all faults of the file."""
    reader = Reader(file)
    top = reader.table(flatten(document, network, reader), SERVICE)
    _choose(reader, top, "", "group", "rollback")
    health = reader.table(top["health"], HEALTH, "health")
    resources = reader.table(top["resources"], RESOURCES, "resources")
    service = Service(
        name=top["name"],
        title=top["title"],
        group=cast(Group, top["group"]),
        summary=top["summary"],
        image=top["simulated_image"] if network == "sandbox" and top["simulated_image"] else top["image"],
        uid=top["uid"],
        simulated=network == "sandbox" and bool(top["simulated_image"]),
        networks=_texts(reader, top["networks"], "networks"),
        ports=tuple(_port(reader, name, entry) for name, entry in top["ports"].items()),
        settings=tuple(_setting(reader, key, entry) for key, entry in top["settings"].items()),
        needs=tuple(Need(**reader.table(entry, NEED, "needs")) for entry in top["needs"]),
        secrets=tuple(_secret(reader, entry) for entry in top["secrets"]),
        volumes=tuple(_volume(reader, name, entry) for name, entry in top["volumes"].items()),
        resources=Resources(
            memory=resources["memory"],
            pids=resources["pids"],
            cpus=float(resources["cpus"]),
            disk_bytes=_size(reader, resources["disk"], "resources: disk"),
        ),
        stop_grace_s=top["stop_grace_s"],
        startup_s=top["startup_s"],
        downtime_s=top["downtime_s"],
        rollback=top["rollback"],
        backup=top["backup"],
        driver=health["driver"],
        thresholds=health["thresholds"],
        log_patterns=_texts(reader, health["log_patterns"], "health: log_patterns"),
        exceptions=top["exceptions"],
        database=top["database"],
        database_grants=_texts(reader, top["database_grants"], "database_grants"),
        proxy_path=top["proxy_path"],
        bitcoind_rpc=_texts(reader, top["bitcoind_rpc"], "bitcoind_rpc"),
        entrypoint={source: _texts(reader, argv, "entrypoint") for source, argv in top["entrypoint"].items()},
        local_refused=top["local_refused"],
        docs=top["docs"],
    )
    _size(reader, service.resources.memory, "resources: memory")
    _check_patterns(reader, service)
    reader.finish()
    return service


def flatten(value: Any, network: Network, reader: Reader, where: str = "") -> Any:
    """`value` with every map by network replaced by the entry of `network`."""
    if isinstance(value, dict):
        if value and all(key in NETWORKS for key in value):
            for missing in (key for key in NETWORKS if key not in value):
                reader.fault(f"{where} says nothing for network {missing}")
            return value.get(network)
        return {key: flatten(entry, network, reader, f"{where}.{key}".lstrip(".")) for key, entry in value.items()}
    if isinstance(value, list):
        return [flatten(entry, network, reader, where) for entry in value]
    return value


def _choose(reader: Reader, values: dict[str, Any], where: str, *keys: str) -> None:
    for key in keys:
        if values[key] not in CHOICES[key]:
            reader.fault(f"{where}{key} is {values[key]!r}, expected is one of {', '.join(CHOICES[key])}")


def _texts(reader: Reader, values: Any, where: str) -> tuple[str, ...]:
    if not isinstance(values, list) or not all(isinstance(value, str) for value in values):
        reader.fault(f"{where} is a list of texts")
        return ()
    return tuple(values)


def _size(reader: Reader, text: str, where: str) -> int:
    try:
        return sizes.parse(text)
    except ValueError as error:
        reader.fault(f"{where}: {error}")
        return 0


def _port(reader: Reader, name: str, entry: Any) -> Port:
    values = reader.table(entry, PORT, f"ports: {name}")
    if values["publish"] not in ("", "loopback") and not values["publish"].startswith("public:"):
        reader.fault(f"ports: {name}: publish is loopback or public:SETTING")
    return Port(name=name, **values)


def _setting(reader: Reader, key: str, entry: Any) -> Setting:
    where = f"settings: {key}: "
    values = reader.table(entry, SETTING, where.rstrip(": "))
    _choose(reader, values, where, "type", "effect", "one_way_when")
    if (values["effect"] == "one-way") != bool(values["one_way"]):
        reader.fault(f"{where}a one-way setting says what is lost (one_way), and no other does")
    values["choices"] = _texts(reader, values["choices"], where + "choices")
    kind = {"boolean": "boolean", "integer": "integer", "number": "number", "list": "list"}.get(values["type"], "text")
    if not fits(values["default"], kind):
        reader.fault(f"{where}the default is no {values['type']}")
    return Setting(key=key, **values)


def _secret(reader: Reader, entry: Any) -> Secret:
    values = reader.table(entry, SECRET, "secrets")
    _choose(reader, values, "secrets: ", "kind")
    return Secret(**values)


def _volume(reader: Reader, name: str, entry: Any) -> Volume:
    values = reader.table(entry, VOLUME, f"volumes: {name}")
    _choose(reader, values, f"volumes: {name}: ", "holds")
    return Volume(name=name, **values)


def _check_patterns(reader: Reader, service: Service) -> None:
    for pattern in (*service.log_patterns, *(setting.pattern for setting in service.settings)):
        try:
            re.compile(pattern)
        except re.error as error:
            reader.fault(f"{pattern!r} is no regular expression: {error}")
