"""The contract check: every rendered address leads to a service that listens there, or to a remote of the operator."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any

from manage import untrusted
from manage.catalog.model import Service
from manage.catalog.network_names import DOOR, OUT
from manage.catalog.reader import unknown_name
from manage.errors import NodeyardError
from manage.immutable import dataclass
from manage.render import compose_document, networks
from manage.render.wiring import ServiceGraph, host_name

ADDRESS = re.compile(
    r"(?<![\w:./@-])(?:(?P<scheme>[a-z][a-z0-9+]*)://(?:[^\s@/\"']*@)?)?"
    r"(?P<host>[A-Za-z0-9][A-Za-z0-9_.-]*):(?P<port>[0-9]{2,5})(?![\w:.])"
)
SECRETS = "/run/secrets"
SECRET = re.compile(rf"{SECRETS}/([A-Za-z0-9_-]+)")
OWN = re.compile(r"[0-9.]+|([a-z0-9-]+\.)*localhost")
"""Addresses that a service itself listens on, Docker's DNS, and the host names of pages (`render/origins.py`)."""


@dataclass(frozen=True)
class RenderedService:
    """One service and all text that was rendered for it."""

    service: Service
    arguments: str
    """argv and configuration files, which decide on what ports it listens."""
    text: str
    """The same with its environment: the text that holds addresses of others."""
    documents: tuple[Any, ...] = ()
    """Its configuration files that are JSON, parsed."""
    secrets: tuple[str, ...] = ()
    """Names of the secrets that it mounts."""


@dataclass(frozen=True)
class Address:
    """An address in a rendered file that names a service of the stack."""

    scheme: str
    host: str
    port: int

    def __str__(self) -> str:
        return f"{self.scheme}://{self.host}:{self.port}" if self.scheme else f"{self.host}:{self.port}"


def rendered_service(service: Service, compose: Mapping[str, Any], files: Mapping[str, bytes]) -> RenderedService:
    """`service` as rendered."""
    argv = [str(part) for key in ("entrypoint", "command") for part in compose.get(key, [])]
    contents = [content.decode(errors="replace") for content in files.values()]
    arguments = compose_document.literal("\n".join([*argv, *contents]))
    environment = [str(value) for value in compose.get("environment", {}).values()]
    documents = tuple(_json(service, name, content) for name, content in files.items() if name.endswith(".json"))
    secrets = tuple(str(secret["target"]) for secret in compose.get("secrets", []))
    return RenderedService(service, arguments, "\n".join([arguments, *environment]), documents, secrets)


def _json(service: Service, name: str, content: bytes) -> Any:
    try:
        return untrusted.parse_json(content)
    except ValueError as error:
        raise NodeyardError(f"{service.name}: files/{name} is not JSON: {error}.", "Correct the file.") from error


def require_reachable(
    rendered: Iterable[RenderedService],
    providers: Mapping[str, RenderedService],
    remotes: Sequence[str],
    graph: ServiceGraph,
) -> None:
    """Check every address of `rendered` against `providers` (by service name, both projects).

    `remotes` are texts of the operator, each of which may name a `host:port`. Raises NodeyardError that names
    every address that leads nowhere.
    """
    rendered = list(rendered)
    paths = {
        (client, network.server, network.port.name)
        for network in networks.derived(graph)
        for client in network.members
        if network.port is not None
    }
    outbound = graph.config.outbound
    pages = [str(settings.get("public_url", "")) for settings in graph.config.settings.values()]
    broken = [
        f"{user.service.name} -> {address}: {problem}"
        for user in rendered
        for address in addresses(user)
        if not any(f"{address.host}:{address.port}" in page for page in pages)  # for browsers, not for services
        if (problem := _problem(user, address, providers, remotes, paths, outbound))
    ]
    broken += [
        f"{user.service.name} reads {SECRETS}/{name}: {unknown_name('secret', name, user.secrets)}"
        for user in rendered
        for name in SECRET.findall(user.text)
        if name not in user.secrets
    ]
    if broken:
        raise NodeyardError(
            "Some addresses in the rendered stack lead nowhere:"
            + "".join(f"\n  {line}" for line in dict.fromkeys(broken)),
            "An address must lead to a service of this stack that listens there, or to a remote named in stack.yml.",
        )


def addresses(user: RenderedService) -> Iterator[Address]:
    """Every address in the text of `user`, without those that it listens on itself."""
    for match in ADDRESS.finditer(user.text):
        if not OWN.fullmatch(match["host"]):
            yield Address(match["scheme"] or "", match["host"], int(match["port"]))
    for document in user.documents:
        yield from _named(document)


def _named(document: Any) -> Iterator[Address]:
    """Every {"host", "port"} of a JSON document."""
    if isinstance(document, dict):
        if isinstance(document.get("host"), str) and isinstance(document.get("port"), int):
            yield Address(str(document.get("scheme", "")), document["host"], document["port"])
        document = list(document.values())
    if isinstance(document, list):
        for entry in document:
            yield from _named(entry)


def _problem(  # noqa: PLR0917 (what one address is compared with)
    user: RenderedService,
    address: Address,
    providers: Mapping[str, RenderedService],
    remotes: Sequence[str],
    paths: Collection[tuple[str, str, str]],
    outbound: Mapping[str, bool],
) -> str:
    name = user.service.name
    if any(f"{address.host}:{address.port}" in text for text in remotes):
        return "" if outbound[name] else f"{name} may not connect to the outside; set services.{name}.outbound to true"
    server = address.host.rpartition(".")[2]
    provider = providers.get(server)
    ports = provider.service.ports if provider is not None else ()
    known = {server, *(host_name(server, port.name) for port in ports), host_name(server, DOOR), host_name(server, OUT)}
    if provider is None or address.host not in known:
        return f"there is no service {address.host} in this stack"
    ports = tuple(port for port in ports if port.number == address.port)
    if not ports:
        there = ", ".join(str(port.number) for port in provider.service.ports) or "no port"
        return f"{server} does not listen on {address.port}; it listens on {there}"
    if address.scheme and all(port.scheme != address.scheme for port in ports):
        return f"{server} speaks {ports[0].scheme} on {address.port}"
    if ports[0].flag and ports[0].flag not in provider.arguments:
        return f"{server} is started without {ports[0].flag}, so nothing listens there"
    if name != server and (name, server, ports[0].name) not in paths:
        return f"they share no network; name the relation that {server} provides under `uses`"
    return ""


def operator_texts(settings: Mapping[str, Mapping[str, Any]]) -> tuple[str, ...]:
    """Every text in the operator's settings, including entries of lists. One of them may name a remote."""
    values = [value for service in settings.values() for value in service.values()]
    return tuple(str(entry) for value in values for entry in (value if isinstance(value, list) else [value]))
