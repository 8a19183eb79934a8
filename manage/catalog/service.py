"""Turns a `service.yml` into the `Service` of one network: checks every key, resolves mappings by network."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from manage.catalog import demands, health_keys, limits, relations, values
from manage.catalog.document import Document, KeyPath
from manage.catalog.exceptions import EXCEPTIONS, NEVER_OWN
from manage.catalog.model import NETWORKS, SETTING_TYPES, Network, Service, Setting
from manage.catalog.reader import Reader, unknown_name
from manage.catalog.relations import Relation

VERSION = 1
NAME = re.compile(r"[a-z][a-z0-9-]{0,39}")
"""A host name, too; without `_`, so that `<service>_<volume>` names one volume only."""
PART = re.compile(r"[a-z][a-z0-9_-]{0,39}")
"""Names of volumes and secrets."""
RESERVED = ("host", "localhost", "master", "prepare")
"""Names that mean something else: the host's own user of RPC and secrets, and this machine."""
TITLE = re.compile(r"[\w .,-]{1,40}")
EARLIER_NETWORKS = ("front", "chain", "data")
"""Values of the key `networks`, which earlier versions required."""
WATCH_PASSWORD = "watch_db_password"  # noqa: S105  # nosec B105 - the name of a secret
"""The password of watch's own database role, which drivers that query a database may use."""
OTHERS_OFFSET = 10
"""First host port offset of the operator's own services; 0 is the dashboard, 1 the proxy, 2 to 9 are shipped ones."""


def build(
    document: Document, network: Network, declared: Mapping[str, Relation], *, folder: Path, own: bool = False
) -> Service:
    """The service on `network`, checked against the `declared` relations.

    Raises NodeyardError with every problem and its line.
    """
    reader = Reader(document)
    service: Service = reader.table(Service, flatten(document.value, network, reader), directory=str(folder), own=own)
    service = replace(service, file=document.file)
    if service.version != VERSION:
        reader.add_problem(("version",), f"expected {VERSION}, the version that this manage reads")
    if service.name != folder.name:
        reader.add_problem(("name",), f"the folder is called {folder.name!r}; the name must be equal")
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
    demands.check(reader, service)
    reader.require_no_problems()
    simulated = network == "sandbox" and bool(service.simulated_image)
    return replace(service, simulated=simulated, image=service.simulated_image if simulated else service.image)


def flatten(value: Any, network: Network, reader: Reader, path: KeyPath = ()) -> Any:
    """`value` with every mapping by network replaced by its entry for `network`."""
    if isinstance(value, dict):
        if value and all(name in NETWORKS for name in value):
            for missing in (name for name in NETWORKS if name not in value):
                reader.add_problem(path, f"there is no value for network {missing}")
            return value.get(network)
        return {name: flatten(entry, network, reader, (*path, name)) for name, entry in value.items()}
    if isinstance(value, list):
        return [flatten(entry, network, reader, (*path, number)) for number, entry in enumerate(value)]
    return value


def _check_names(reader: Reader, service: Service) -> None:
    """Names become host names, paths and text in configuration files of other services."""
    if not NAME.fullmatch(service.name):
        reader.add_problem(("name",), f"{service.name!r} is not a name of lower-case letters, digits and -")
    if service.name in RESERVED:
        reader.add_problem(("name",), f"{service.name} is reserved; choose another name")
    if not TITLE.fullmatch(service.title):
        reader.add_problem(("title",), "a title has at most 40 characters: letters, digits, spaces and .,-")
    for number, network in enumerate(service.networks):
        if network not in EARLIER_NETWORKS:
            reader.add_problem(("networks", number), unknown_name("network", network, EARLIER_NETWORKS, always=True))
    for number, secret in enumerate(service.secrets):
        if not PART.fullmatch(secret.name):
            reader.add_problem(("secrets", number, "name"), f"{secret.name!r} is not a name")
    for volume in service.volumes:
        if not PART.fullmatch(volume.name) or not volume.path.startswith("/"):
            reader.add_problem(("volumes", volume.name), "a volume has a plain name and an absolute path")
    if service.own and service.group == "manager":
        reader.add_problem(("group",), "only Nodeyard's own services belong to the manager")
    for port in service.ports:
        if service.own and port.publish == "loopback" and port.offset < OTHERS_OFFSET:
            reader.add_problem(("ports", port.name, "offset"), f"offsets below {OTHERS_OFFSET} belong to Nodeyard")


def _check_ports(reader: Reader, service: Service) -> None:
    keys = {setting.key for setting in service.settings if setting.type == "boolean" and setting.default is False}
    for port in service.ports:
        setting = port.publish.removeprefix("public:")
        if port.publish in ("", "loopback"):
            continue
        if not port.publish.startswith("public:"):
            reader.add_problem(("ports", port.name, "publish"), "expected loopback or public:SETTING")
        elif setting not in keys:
            reader.add_problem(
                ("ports", port.name, "publish"), f"the service has no setting {setting!r} whose default is false"
            )


def _check_setting(reader: Reader, setting: Setting) -> None:
    path = ("settings", setting.key)
    if (setting.effect == "one-way") != bool(setting.one_way):
        reader.add_problem(
            path, "a one-way setting needs `one_way`, the sentence that says what is lost; no other setting has it"
        )
    if setting.type not in SETTING_TYPES or not _check_pattern(reader, (*path, "pattern"), setting.pattern):
        return
    for name in ("default", "example"):
        if wrong := values.problem(setting, getattr(setting, name)):
            reader.add_problem((*path, name), wrong)


def _check_lists(reader: Reader, service: Service) -> None:
    """Checks that the description of a key cannot express."""
    for number, pattern in enumerate(service.health.log_patterns):
        _check_pattern(reader, ("health", "log_patterns", number), pattern)
    for source, argv in service.entrypoint.items():
        if not isinstance(argv, list) or not all(isinstance(word, str) for word in argv):
            reader.add_problem(("entrypoint", source), "expected a list of text")
    offered = {offer.relation for offer in service.provides}
    for number, secret in enumerate(service.secrets):
        if (secret.kind == "rpcauth") != bool(secret.relation) or (secret.relation and secret.relation not in offered):
            reader.add_problem(
                ("secrets", number, "relation"),
                f"{secret.relation!r} is not a relation that the service provides; rpcauth needs one, other kinds none",
            )
    for what, reason in service.exceptions.items():
        if service.own and what in NEVER_OWN:
            reader.add_problem(("exceptions", what), "a service of your own cannot have it: it would own the host")
        if what not in EXCEPTIONS:
            reader.add_problem(("exceptions", what), unknown_name("exception", what, EXCEPTIONS))
        if not isinstance(reason, str) or not reason.strip():
            reader.add_problem(("exceptions", what), "expected the reason as text")


def _check_pattern(reader: Reader, path: KeyPath, pattern: str) -> bool:
    """Whether `pattern` is a regular expression; a problem is recorded if it is not."""
    try:
        re.compile(pattern)
    except re.error as error:
        reader.add_problem(path, f"{pattern!r} is not a regular expression: {error}")
        return False
    return True
