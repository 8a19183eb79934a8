"""The networks of an installation: created by the CLI, external to both compose projects."""

from __future__ import annotations

import ipaddress
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any, Protocol

from manage.engine import own_objects
from manage.engine.client import Api
from manage.errors import NodeyardError
from manage.installation.identity import Installation
from manage.installation.labels import LABEL_INSTALLATION

MASQUERADE = "com.docker.network.bridge.enable_ip_masquerade"
"""The bridge driver's option (moby libnetwork/drivers/bridge/labels.go)."""
PREFIX = 28
"""16 addresses for each network of a pool: 13 services, the gateway and two that no host has."""
_ADVICE = "See what uses it ({inspect}), then rename or remove it."
_POOL = "manage config set networks.pool 10.213.0.0/20"


class Wanted(Protocol):
    """What a network must be, see `manage.render.model.NetworkSpec`."""

    @property
    def name(self) -> str: ...
    @property
    def internal(self) -> bool: ...
    @property
    def masquerade(self) -> bool: ...


def ensure(api: Api, installation: Installation, networks: Iterable[Wanted], pool: str = "") -> tuple[str, ...]:
    """Create the missing ones of `networks`, with addresses from `pool` if there is one; returns their names.

    Raises NodeyardError if a network of that name is not ours (it is never used, changed or removed), and if there are
    no addresses left for a new one.
    """
    wanted = {network.name: network for network in networks}
    present = api.networks()
    free = _free(pool, _subnets(present)) if pool else iter(())
    made = []
    for name in own_objects.missing("network", present, wanted, installation, _ADVICE):
        _create(api, installation, wanted[name], _next(pool, free))
        made.append(name)
    return tuple(made)


def subnets(api: Api, installation: Installation) -> dict[str, str]:
    """Full name -> subnet of each network with our label."""
    return {network["Name"]: next(iter(_subnets([network])), "") for network in owned(api, installation)}


def remove_unused(api: Api, installation: Installation, wanted: Collection[str]) -> tuple[str, ...]:
    """Remove the networks with our label that are not in `wanted` and that no container uses; returns their names."""
    from docker.errors import NotFound

    removed = []
    for network in owned(api, installation):
        if network["Name"] not in wanted and not api.inspect_network(network["Id"]).get("Containers"):
            try:
                api.remove_network(network["Id"])
            except NotFound:
                continue
            removed.append(network["Name"])
    return tuple(removed)


def remove_all(api: Api, installation: Installation) -> tuple[str, ...]:
    """Remove the networks with our label and return their names. Raises NodeyardError if another container uses one."""
    from docker.errors import APIError

    removed = []
    for network in owned(api, installation):
        try:
            api.remove_network(network["Id"])
        except APIError as error:
            raise NodeyardError(
                f"The network {network['Name']} is still in use: {error.explanation}.",
                f"Disconnect its containers (docker network inspect {network['Name']}), then run this again.",
            ) from error
        removed.append(network["Name"])
    return tuple(removed)


def owned(api: Api, installation: Installation) -> list[dict[str, Any]]:
    """The engine's entries of the networks with our label."""
    return list(api.networks(filters=own_objects.label_filter(installation)))


def _create(api: Api, installation: Installation, network: Wanted, subnet: str) -> None:
    from docker.errors import APIError

    try:
        api.create_network(
            network.name,
            driver="bridge",
            internal=network.internal,
            check_duplicate=True,
            labels={LABEL_INSTALLATION: installation.id},
            options={} if network.masquerade else {MASQUERADE: "false"},
            ipam={"Driver": "default", "Config": [{"Subnet": subnet}]} if subnet else None,
        )
    except APIError as error:
        reason = str(error.explanation or error)
        if not subnet and "address pool" in reason:
            # moby libnetwork/ipam: "could not find an available, non-overlapping IPv4 address pool among the
            # defaults", since 27 "all predefined address pools have been fully subnetted"
            raise NodeyardError(
                f"Docker's engine has no addresses left for the network {network.name}: {reason}. No service was "
                "changed.",
                f"Name a range that nothing on your network uses, for example: {_POOL}; then run this again. You can "
                "also remove networks that you do not need (docker network ls).",
            ) from error
        raise NodeyardError(
            f"The network {network.name} {f'({subnet}) ' if subnet else ''}cannot be created: {reason}.",
            "If the range is used elsewhere, choose another networks.pool.",
        ) from error


def _next(pool: str, free: Iterator[str]) -> str:
    """A free subnet, "" without a pool."""
    if not pool:
        return ""
    try:
        return next(free)
    except StopIteration:
        raise NodeyardError(
            f"networks.pool ({pool}) has no addresses left for another network. No service was changed.",
            f"Choose a larger range, for example: {_POOL}",
        ) from None


def _free(pool: str, used: Iterable[str]) -> Iterator[str]:
    """The parts of `pool` that no network in `used` overlaps."""
    taken = [ipaddress.IPv4Network(subnet, strict=False) for subnet in used if ":" not in subnet]
    for candidate in ipaddress.IPv4Network(pool).subnets(new_prefix=PREFIX):
        if not any(candidate.overlaps(other) for other in taken):
            yield str(candidate)


def _subnets(entries: Iterable[Mapping[str, Any]]) -> list[str]:
    configs = [config for entry in entries for config in ((entry.get("IPAM") or {}).get("Config") or ())]
    return [str(config["Subnet"]) for config in configs if config.get("Subnet")]
