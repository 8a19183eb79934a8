"""Everything that one host runs: all services resolved, and the links between them that follow from relations. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from manage.catalog import Catalog
from manage.catalog.model import Need, Provided, Secret, Service, Used
from manage.catalog.relations import Relation, secret_name
from manage.config.model import Config
from manage.render.model import SecretUse

WATCH = "watch"
"""The service of the manager that asks the others."""
HOST = "host"
"""Consumer of the secrets that only commands on the host read; also the name of its RPC user in bitcoind."""
DATABASE = "database"
"""The relation whose databases watch is told of."""


@dataclass(frozen=True)
class Link:
    """One user of a relation and its provider."""

    relation: str
    user: str
    user_title: str
    provider: str
    """"" where no service of this stack provides it: the use is optional, or a setting names another provider."""
    host: str
    port: int
    scheme: str
    """Where the one connects to the other; "" and 0 where the relation has no port."""
    secret: str
    """Name of the secret that both share, "" for none."""
    attributes: Mapping[str, Any]
    """What the user states."""
    provided: Mapping[str, Any]
    """What the provider states."""

    @property
    def url(self) -> str:
        return f"{self.scheme}://{self.host}:{self.port}"


@dataclass(frozen=True)
class Services:
    """All services of both projects, in start order."""

    config: Config
    stack: Mapping[str, Service]
    manager: Mapping[str, Service]
    relations: Mapping[str, Relation]
    links: tuple[Link, ...]

    @property
    def all(self) -> Mapping[str, Service]:
        return {**self.stack, **self.manager}


def services(catalog: Catalog, config: Config, *, manager: bool = True) -> Services:
    """The services of `config`; without `manager` those of the stack alone (the reference files)."""
    found = catalog.services(config.network)
    stack = {name: found[name] for name in config.services}
    managing = {name: service for name, service in found.items() if service.group == "manager" and manager}
    return Services(
        config,
        stack,
        managing,
        catalog.relations,
        tuple(_links([*stack.values(), *managing.values()], catalog.relations)),
    )


def image_names(catalog: Catalog, config: Config) -> tuple[str, ...]:
    """Names of all images that both projects need, each once, in the order of first use."""
    return tuple(dict.fromkeys(service.image for service in services(catalog, config).all.values()))


def users(here: Services, service: Service) -> dict[str, list[Link]]:
    """Relation that `service` provides -> its users."""
    return {
        offer.relation: [
            link for link in here.links if link.relation == offer.relation and link.provider == service.name
        ]
        for offer in service.provides
    }


def uses(here: Services, service: Service) -> dict[str, Link | list[Link]]:
    """Relation that `service` uses -> its link; for a use of every provider, the list of them."""
    found: dict[str, Link | list[Link]] = {}
    for use in service.uses:
        links = [link for link in here.links if link.relation == use.relation and link.user == service.name]
        found[use.relation] = links if use.every else links[0]
    return found


def needs(here: Services, service: Service) -> tuple[Need, ...]:
    """What `service` waits for in this stack: its own needs, and the checks of those whose relations it uses."""
    settings = here.config.settings[service.name]
    found = [need for need in service.needs if not (need.unless and settings[need.unless])]
    for use in service.uses:
        if use.unless and settings[use.unless]:
            continue
        for provider, offer in _providers(here.all.values(), use):
            check = use.check or ("" if use.optional or use.every else offer.check)
            if check:
                found.append(Need(provider.name, check))
    return tuple(dict.fromkeys(found))


def databases(here: Services) -> dict[str, str]:
    """Service -> the database it owns, by its full name."""
    return {
        link.user: f"{link.attributes['database']}_{here.config.network}"
        for link in here.links
        if link.relation == DATABASE and link.provider
    }


def watched(here: Services) -> dict[str, Any]:
    """The document `watch.json`: every service of both projects, as `manage.health.watch` reads it."""
    owned = databases(here)
    return {
        "version": 1,
        "name": here.config.name,
        "network": here.config.network,
        "services": [
            {
                "name": service.name,
                "title": service.title,
                "group": service.group,
                "driver": service.health.driver,
                "options": dict(service.health.options),
                "simulated": service.simulated,
                "project": "manager" if service.name in here.manager else "stack",
                "ports": {
                    port.name: {"host": service.name, "port": port.number, "scheme": port.scheme}
                    for port in service.ports
                },
                "needs": [{"service": need.service, "check": need.check} for need in needs(here, service)],
                "thresholds": dict(service.health.thresholds),
                "startup_s": service.startup_s,
                "log_patterns": list(service.health.log_patterns),
                "database": owned.get(service.name, ""),
            }
            for service in here.all.values()
        ],
    }


def secrets_of(here: Services, service: Service) -> tuple[SecretUse, ...]:
    """Every secret that `service` mounts: its own, those it shares with providers, and copies of its users'."""
    found = [_own(here, service, secret) for secret in service.secrets if not secret.for_host]
    shared = [link for link in here.links if link.user == service.name and link.secret]
    copied = [
        link
        for link in here.links
        if link.provider == service.name and (secret := here.relations[link.relation].secret) and secret.copied
    ]
    found += [SecretUse(service.name, service.uid, link.secret, "password") for link in (*shared, *copied)]
    if service.name == WATCH:
        found += [SecretUse(WATCH, service.uid, secret.name, secret.kind) for secret in _asked_with(here)]
    return tuple({use.name: use for use in found}.values())


def host_secrets(here: Services) -> tuple[SecretUse, ...]:
    """The secrets that only commands on the host read."""
    return tuple(
        SecretUse(HOST, 0, secret.name, secret.kind)
        for service in here.all.values()
        for secret in service.secrets
        if secret.for_host
    )


def secret_uses(catalog: Catalog, config: Config, owners: Mapping[str, int] | None = None) -> tuple[SecretUse, ...]:
    """Every copy of a secret that both projects and the host need.

    `owners` gives the uid of services that run under the owner of an adopted chain folder.
    """
    here = services(catalog, config)
    found = [use for service in here.all.values() for use in secrets_of(here, service)]
    return (*(use.owned_by((owners or {}).get(use.service, use.uid)) for use in found), *host_secrets(here))


def _asked_with(here: Services) -> list[Secret]:
    """Secrets of services that their health driver needs, so that watch mounts them, too."""
    return [
        secret
        for service in here.all.values()
        for secret in service.secrets
        if secret.name == service.health.options.get("secret")
    ]


def _own(here: Services, service: Service, secret: Secret) -> SecretUse:
    sources: dict[str, str] = {}
    if secret.kind == "rpcauth":
        sources = {
            link.user: link.secret
            for link in here.links
            if link.relation == secret.relation and link.provider == service.name
        }
        sources |= {HOST: name for name in (other.name for other in service.secrets if other.for_host)}  # noqa: B035
    return SecretUse(service.name, service.uid, secret.name, secret.kind, sources)


def _links(services_: Iterable[Service], relations: Mapping[str, Relation]) -> Iterable[Link]:
    services_ = list(services_)
    for service in services_:
        for use in service.uses:
            providers = _providers(services_, use)
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
        host=end.name if end else "",
        port=port.number if port else 0,
        scheme=port.scheme if port else "",
        # An optional use without a provider needs no password; one that a setting leads elsewhere does.
        secret=secret_name(relation, user.name, use.attributes) if provider or use.unless else "",
        attributes=use.attributes,
        provided=offer.attributes if offer else {},
    )


def _providers(services_: Iterable[Service], use: Used) -> list[tuple[Service, Provided]]:
    return [(service, offer) for service in services_ for offer in service.provides if offer.relation == use.relation]
