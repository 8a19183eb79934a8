"""Everything that will stand on one host: all services resolved, and who uses what of whom. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from manage.catalog.load import resolve
from manage.catalog.model import Catalog, Service
from manage.config.model import Config
from manage.render.model import SecretUse

HOST = "host"
"""Consumer of the secrets that only commands on the host read; also the name of its RPC user in bitcoind."""


@dataclass(frozen=True)
class Services:
    """All services of both projects, in start order."""

    config: Config
    stack: Mapping[str, Service]
    manager: Mapping[str, Service]

    @property
    def all(self) -> Mapping[str, Service]:
        return {**self.stack, **self.manager}


def services(catalog: Catalog, config: Config, *, manager: bool = True) -> Services:
    """The services of `config`; without `manager` those of the stack alone (the reference files)."""
    found = {name: resolve(catalog, name, config.network) for name in catalog.entries}
    return Services(
        config=config,
        stack={name: found[name] for name in config.services},
        manager={name: service for name, service in found.items() if service.group == "manager" and manager},
    )


def image_names(catalog: Catalog, config: Config) -> tuple[str, ...]:
    """Names of all images that both projects need, each once, in the order of first use."""
    return tuple(dict.fromkeys(service.image for service in services(catalog, config).all.values()))


def databases(here: Services) -> list[dict[str, Any]]:
    """Every database that timescaledb makes: {"role", "database", "grants": [role]}."""
    return [
        {
            "role": service.database,
            "database": f"{service.database}_{here.config.network}",
            "grants": list(service.database_grants),
        }
        for service in here.all.values()
        if service.database and "timescaledb" in here.stack
    ]


def rpc_users(here: Services) -> list[dict[str, Any]]:
    """bitcoind's RPC users with a whitelist: {"name", "methods": [method]}."""
    return [
        {"name": service.name, "methods": sorted(service.bitcoind_rpc)}
        for service in here.all.values()
        if service.bitcoind_rpc
    ]


def locations(here: Services) -> list[dict[str, Any]]:
    """What the proxy publishes: {"name", "title", "path", "port"}."""
    return [
        {
            "name": service.name,
            "title": service.title,
            "path": service.proxy_path,
            "port": service.port("http").number,
        }
        for service in here.stack.values()
        if service.proxy_path
    ]


def watched(here: Services) -> dict[str, Any]:
    """The document `watch.json`: every service of both projects, as `manage.health.watch` reads it."""
    return {
        "version": 1,
        "name": here.config.name,
        "network": here.config.network,
        "services": [
            {
                "name": service.name,
                "title": service.title,
                "group": service.group,
                "driver": service.driver,
                "simulated": service.simulated,
                "project": "manager" if service.name in here.manager else "stack",
                "ports": {
                    port.name: {"host": service.name, "port": port.number, "scheme": port.scheme}
                    for port in service.ports
                },
                "needs": [
                    {"service": need.service, "check": need.check}
                    for need in service.needs
                    if not (need.unless and here.config.settings[service.name][need.unless])
                ],
                "thresholds": dict(service.thresholds),
                "startup_s": service.startup_s,
                "log_patterns": list(service.log_patterns),
                "database": f"{service.database}_{here.config.network}" if service.database else "",
            }
            for service in here.all.values()
        ],
    }


def secrets_of(here: Services, service: Service) -> tuple[tuple[str, str], ...]:
    """(name, kind) of every secret that `service` mounts. timescaledb holds a copy of each role's password."""
    own = [
        (secret.name, secret.kind)
        for secret in service.secrets
        if not secret.for_host and (not secret.with_service or secret.with_service in here.stack)
    ]
    roles = [(f"{entry['role']}_db_password", "password") for entry in databases(here)]
    return tuple(own + roles) if service.name == "timescaledb" else tuple(own)


def secret_uses(catalog: Catalog, config: Config, owners: Mapping[str, int] | None = None) -> tuple[SecretUse, ...]:
    """Every copy of a secret that both projects and the host need.

    `owners` gives the uid of services that run under the owner of an adopted chain folder.
    """
    here = services(catalog, config)
    uses = []
    for service in here.all.values():
        uid = (owners or {}).get(service.name, service.uid)
        uses += [SecretUse(service.name, uid, name, kind) for name, kind in secrets_of(here, service)]
        uses += [SecretUse(HOST, 0, secret.name, secret.kind) for secret in service.secrets if secret.for_host]
    return tuple(uses)
