"""From a `service.yml` to the `Service` of one network: maps by network are flattened, every key is checked."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from manage.catalog import health_keys, limits, relations
from manage.catalog.document import Document, Path_
from manage.catalog.exceptions import EXCEPTIONS
from manage.catalog.model import NETWORKS, Network, Service, Setting
from manage.catalog.reader import Reader, kind_of, unknown
from manage.catalog.relations import Relation

VERSION = 1
NAME = re.compile(r"[a-z][a-z0-9-]{0,39}")
"""A host name, too; without `_`, so that `<service>_<volume>` names one volume only."""
PART = re.compile(r"[a-z][a-z0-9_-]{0,39}")
"""Names of volumes and secrets."""
RESERVED = ("host", "localhost", "master", "prepare")
"""Names that mean something else: the host's own user of RPC and secrets, and this machine."""
TITLE = re.compile(r"[\w .,-]{1,40}")
DOCKER_NETWORKS = ("front", "chain", "data")
WATCH_PASSWORD = "watch_db_password"  # noqa: S105 (the name of a secret)
"""The password of watch's own database role, which drivers that query a database may use."""
OTHERS_OFFSET = 10
"""First host port offset of services that are not ours: 0 dashboard, 1 proxy, 2 to 9 our own."""
_DEFAULTS: Mapping[str, type | tuple[type, ...]] = {
    "boolean": bool,
    "integer": int,
    "number": (int, float),
    "list": list,
}


def build(
    document: Document, network: Network, declared: Mapping[str, Relation], *, folder: Path, own: bool = False
) -> Service:
    """The service on `network`, held to the relations that are `declared`.

    Raises NodeyardError with every fault of the file and its line.
    """
    reader = Reader(document)
    service: Service = reader.table(Service, flatten(document.value, network, reader), directory=str(folder), own=own)
    service = replace(service, file=document.file)
    if service.version != VERSION:
        reader.fault(("version",), f"this manage reads version {VERSION}")
    if service.name != folder.name:
        reader.fault(("name",), f"the folder is called {folder.name!r}; folder and name are the same")
    service = replace(
        service,
        provides=relations.provided(reader, service, declared),
        uses=relations.used(reader, service, declared),
        health=health_keys.completed(
            reader,
            service.health,
            [port.name for port in service.ports],
            # watch sends it to the service: only Nodeyard's own database may see the password of watch.
            [*([] if own else [WATCH_PASSWORD]), *(secret.name for secret in service.secrets)],
        ),
    )
    _check_names(reader, service)
    _check_ports(reader, service)
    for setting in service.settings:
        _check_setting(reader, setting)
    _check_lists(reader, service)
    limits.check(reader, service)
    reader.require_no_faults()
    simulated = network == "sandbox" and bool(service.simulated_image)
    return replace(service, simulated=simulated, image=service.simulated_image if simulated else service.image)


def flatten(value: Any, network: Network, reader: Reader, path: Path_ = ()) -> Any:
    """`value` with every map by network replaced by the entry of `network`."""
    if isinstance(value, dict):
        if value and all(name in NETWORKS for name in value):
            for missing in (name for name in NETWORKS if name not in value):
                reader.fault(path, f"nothing is said for network {missing}")
            return value.get(network)
        return {name: flatten(entry, network, reader, (*path, name)) for name, entry in value.items()}
    if isinstance(value, list):
        return [flatten(entry, network, reader, (*path, number)) for number, entry in enumerate(value)]
    return value


def _check_names(reader: Reader, service: Service) -> None:
    """Names become host names, paths and text of other services' configuration files."""
    if not NAME.fullmatch(service.name):
        reader.fault(("name",), f"{service.name!r} is not a name of lower-case letters, digits and -")
    if service.name in RESERVED:
        reader.fault(("name",), f"{service.name} is reserved; choose another name")
    if not TITLE.fullmatch(service.title):
        reader.fault(("title",), "a title has at most 40 letters, digits, blanks and .,-")
    for number, network in enumerate(service.networks):
        if network not in DOCKER_NETWORKS:
            reader.fault(("networks", number), unknown("network", network, DOCKER_NETWORKS, always=True))
    for number, secret in enumerate(service.secrets):
        if not PART.fullmatch(secret.name):
            reader.fault(("secrets", number, "name"), f"{secret.name!r} is not a name")
    for volume in service.volumes:
        if not PART.fullmatch(volume.name) or not volume.path.startswith("/"):
            reader.fault(("volumes", volume.name), "a volume has a plain name and an absolute path")
    if service.own and service.group == "manager":
        reader.fault(("group",), "only Nodeyard's own services belong to the manager")
    for port in service.ports:
        if service.own and port.publish == "loopback" and port.offset < OTHERS_OFFSET:
            reader.fault(("ports", port.name, "offset"), f"offsets below {OTHERS_OFFSET} belong to Nodeyard")


def _check_ports(reader: Reader, service: Service) -> None:
    keys = {setting.key for setting in service.settings if setting.type == "boolean"}
    for port in service.ports:
        setting = port.publish.removeprefix("public:")
        if port.publish in ("", "loopback"):
            continue
        if not port.publish.startswith("public:"):
            reader.fault(("ports", port.name, "publish"), "expected loopback or public:SETTING")
        elif setting not in keys:
            reader.fault(
                ("ports", port.name, "publish"), f"the service has no setting {setting!r} that is true or false"
            )


def _check_setting(reader: Reader, setting: Setting) -> None:
    path = ("settings", setting.key)
    if (setting.effect == "one-way") != bool(setting.one_way):
        reader.fault(path, "a one-way setting says in `one_way` what is lost, and no other does")
    for name in ("default", "example"):
        value = getattr(setting, name)
        wanted = _DEFAULTS.get(setting.type, str)
        if not isinstance(value, wanted) or (isinstance(value, bool) and setting.type != "boolean"):
            reader.fault((*path, name), f"expected a {setting.type}, not {kind_of(value)}")
    _check_pattern(reader, (*path, "pattern"), setting.pattern)


def _check_lists(reader: Reader, service: Service) -> None:
    """What the description of a key alone cannot say."""
    for number, pattern in enumerate(service.health.log_patterns):
        _check_pattern(reader, ("health", "log_patterns", number), pattern)
    for source, argv in service.entrypoint.items():
        if not isinstance(argv, list) or not all(isinstance(word, str) for word in argv):
            reader.fault(("entrypoint", source), "expected a list of texts")
    offered = {offer.relation for offer in service.provides}
    for number, secret in enumerate(service.secrets):
        if (secret.kind == "rpcauth") != bool(secret.relation) or (secret.relation and secret.relation not in offered):
            reader.fault(
                ("secrets", number, "relation"),
                f"{secret.relation!r} is not a relation that the service provides; only rpcauth needs one",
            )
    for what, reason in service.exceptions.items():
        if what not in EXCEPTIONS:
            reader.fault(("exceptions", what), unknown("exception", what, EXCEPTIONS))
        if not isinstance(reason, str) or not reason.strip():
            reader.fault(("exceptions", what), "expected the reason, in words")


def _check_pattern(reader: Reader, path: Path_, pattern: str) -> None:
    try:
        re.compile(pattern)
    except re.error as error:
        reader.fault(path, f"{pattern!r} is not a regular expression: {error}")
