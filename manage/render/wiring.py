"""All services of both projects, resolved, and the links between them that follow from relations. Pure."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping
from functools import cached_property
from typing import Any

from manage.catalog import Catalog
from manage.catalog.model import Need, Provided, Secret, Service, Used
from manage.catalog.relations import Relation, secret_name
from manage.config.model import Config
from manage.immutable import dataclass
from manage.render import origins
from manage.render.model import SecretUse
from manage.render.origins import Door

WATCH = "watch"
"""The service of the manager that asks the others."""
HOST = "host"
"""Consumer of secrets that only commands on the host read; also its RPC user in bitcoind."""
ROUTE = "route"
DATABASE = "database"
"""The relation whose databases watch receives."""


@dataclass(frozen=True)
class Link:
    """One user of a relation and its provider."""

    relation: str
    user: str
    user_title: str
    provider: str
    """"" if no service of this stack provides it: the use is optional, or a setting names another provider."""
    server: str
    """The side that listens; "" if the relation has no port."""
    port_name: str
    port: int
    scheme: str
    secret: str
    """Name of the secret that both share, or ""."""
    attributes: Mapping[str, Any]
    """What the user states."""
    provided: Mapping[str, Any]
    """What the provider states."""

    @property
    def client(self) -> str:
        """The side that connects."""
        return self.provider if self.server == self.user else self.user

    @property
    def host(self) -> str:
        """Host name of the server, "" if the relation has no port."""
        return host_name(self.server, self.port_name) if self.server else ""

    @property
    def url(self) -> str:
        return f"{self.scheme}://{self.host}:{self.port}"


@dataclasses.dataclass(frozen=True, eq=False)
class ServiceGraph:
    """All services of both projects, in start order. Equal only to itself, so that what follows from it is cached."""

    config: Config
    stack: Mapping[str, Service]
    manager: Mapping[str, Service]
    relations: Mapping[str, Relation]
    links: tuple[Link, ...]
    installation: str
    """Its id, which the host names of its pages contain."""

    @cached_property
    def all(self) -> Mapping[str, Service]:
        return {**self.stack, **self.manager}

    @cached_property
    def clients(self) -> Mapping[tuple[str, str], tuple[str, ...]]:
        """(server, port) -> everyone who connects to it, in the order of the links."""
        found: dict[tuple[str, str], dict[str, None]] = {}
        for link in self.links:
            found.setdefault((link.server, link.port_name), {})[link.client] = None
        return {port: tuple(names) for port, names in found.items()}


def service_graph(
    catalog: Catalog, config: Config, installation: str = origins.REFERENCE, *, manager: bool = True
) -> ServiceGraph:
    """The services of `config`; without `manager` those of the stack alone (the reference files)."""
    found = catalog.services(config.network)
    stack = {name: found[name] for name in config.services}
    managing = {name: service for name, service in found.items() if service.group == "manager" and manager}
    return ServiceGraph(
        config,
        stack,
        managing,
        catalog.relations,
        tuple(_links([*stack.values(), *managing.values()], catalog.relations)),
        installation,
    )


def host_name(service: str, port: str) -> str:
    """`rpc.bitcoind`: the name under which a port is reached, on the network of that port alone.

    The plain name `bitcoind` leads to any address of the service, also to one where it does not listen.
    """
    return f"{port.replace('_', '-')}.{service}"


def image_names(catalog: Catalog, config: Config) -> tuple[str, ...]:
    """Names of all images that both projects need, each once, in the order of first use."""
    return tuple(dict.fromkeys(service.image for service in service_graph(catalog, config).all.values()))


def door(graph: ServiceGraph, service: Service) -> Door | None:
    """The door of a shipped service that publishes a port for browsers, else None."""
    port = next((port for port in service.ports if port.publish == "loopback"), None)
    if port is None or service.own:
        return None
    routes = users(graph, service).get(ROUTE, [])
    signing_in = tuple(link.user for link in routes if link.attributes["cookie"])
    return origins.door(graph.config, service, graph.config.port_base + port.offset, graph.installation, signing_in)


def users(graph: ServiceGraph, service: Service) -> dict[str, list[Link]]:
    """Relation that `service` provides -> its users."""
    return {
        offer.relation: [
            link for link in graph.links if link.relation == offer.relation and link.provider == service.name
        ]
        for offer in service.provides
    }


def uses(graph: ServiceGraph, service: Service) -> dict[str, Link | list[Link]]:
    """Relation that `service` uses -> its link, or the list of links if it uses every provider."""
    found: dict[str, Link | list[Link]] = {}
    for use in service.uses:
        links = [link for link in graph.links if link.relation == use.relation and link.user == service.name]
        found[use.relation] = links if use.every else links[0]
    return found


def needs(graph: ServiceGraph, service: Service) -> tuple[Need, ...]:
    """What `service` waits for in this stack: its `needs`, and the checks of the providers that it uses."""
    settings = graph.config.settings[service.name]
    found = [need for need in service.needs if not (need.unless and settings[need.unless])]
    for use in service.uses:
        if use.unless and settings[use.unless]:
            continue
        for provider, offer in _providers(graph.all.values(), use):
            check = use.check or ("" if use.optional or use.every else offer.check)
            if check:
                found.append(Need(provider.name, check))
    return tuple(dict.fromkeys(found))


def databases(graph: ServiceGraph) -> dict[str, str]:
    """Service -> full name of the database that it owns."""
    return {
        link.user: f"{link.attributes['database']}_{graph.config.network}"
        for link in graph.links
        if link.relation == DATABASE and link.provider
    }


def secrets_of(graph: ServiceGraph, service: Service) -> tuple[SecretUse, ...]:
    """Every secret that `service` mounts: its own, those it shares with providers, and copies of its users'."""
    found = [_own(graph, service, secret) for secret in service.secrets if not secret.for_host]
    shared = [link for link in graph.links if link.user == service.name and link.secret]
    copied = [
        link
        for link in graph.links
        if link.provider == service.name and (secret := graph.relations[link.relation].secret) and secret.copied
    ]
    found += [SecretUse(service.name, service.uid, link.secret, "password") for link in (*shared, *copied)]
    if service.name == WATCH:
        found += [SecretUse(WATCH, service.uid, secret.name, secret.kind) for secret in _asked_with(graph)]
    if (at := door(graph, service)) and at.main.tls:
        found.append(SecretUse(service.name, service.uid, f"{service.name}_tls", "certificate", names=at.names))
    return tuple({use.name: use for use in found}.values())


def host_secrets(graph: ServiceGraph) -> tuple[SecretUse, ...]:
    """The secrets that only commands on the host read."""
    return tuple(
        SecretUse(HOST, 0, secret.name, secret.kind)
        for service in graph.all.values()
        for secret in service.secrets
        if secret.for_host
    )


def secret_uses(
    catalog: Catalog, config: Config, installation: str, owners: Mapping[str, int] | None = None
) -> tuple[SecretUse, ...]:
    """Every copy of a secret that both projects and the host need.

    `installation` is its id; `owners` maps services to the uid of the chain folder that they adopted.
    """
    graph = service_graph(catalog, config, installation)
    found = [use for service in graph.all.values() for use in secrets_of(graph, service)]
    return (*(use.owned_by((owners or {}).get(use.service, use.uid)) for use in found), *host_secrets(graph))


def _asked_with(graph: ServiceGraph) -> list[Secret]:
    """Secrets of services that their health driver needs, so that watch mounts them, too."""
    return [
        secret
        for service in graph.all.values()
        for secret in service.secrets
        if secret.name == service.health.options.get("secret")
    ]


def _own(graph: ServiceGraph, service: Service, secret: Secret) -> SecretUse:
    sources: dict[str, str] = {}
    if secret.kind == "rpcauth":
        sources = {
            link.user: link.secret
            for link in graph.links
            if link.relation == secret.relation and link.provider == service.name
        }
        sources |= {HOST: name for name in (other.name for other in service.secrets if other.for_host)}  # noqa: B035
    return SecretUse(service.name, service.uid, secret.name, secret.kind, sources)


def _links(every: Iterable[Service], relations: Mapping[str, Relation]) -> Iterable[Link]:
    every = list(every)
    for service in every:
        for use in service.uses:
            providers = _providers(every, use)
            for provider, offer in providers if use.every else providers[:1]:
                yield _link(relations[use.relation], service, use, provider, offer)
            if not providers and not use.every:
                yield _link(relations[use.relation], service, use, None, None)


def _link(relation: Relation, user: Service, use: Used, provider: Service | None, offer: Provided | None) -> Link:
    end, port = None, None
    if relation.port_of == "user":
        end, port = user, user.port(use.attributes["port"])
    elif provider is not None and offer is not None and offer.port:
        end, port = provider, provider.port(offer.port)
    return Link(
        relation=relation.name,
        user=user.name,
        user_title=user.title,
        provider=provider.name if provider else "",
        server=end.name if end else "",
        port_name=port.name if port else "",
        port=port.number if port else 0,
        scheme=port.scheme if port else "",
        # An optional use without a provider needs no password, but one with a provider elsewhere does.
        secret=secret_name(relation, user.name, use.attributes) if provider or use.unless else "",
        attributes=use.attributes,
        provided=offer.attributes if offer else {},
    )


def _providers(every: Iterable[Service], use: Used) -> list[tuple[Service, Provided]]:
    return [(service, offer) for service in every for offer in service.provides if offer.relation == use.relation]
