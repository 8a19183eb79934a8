"""Checks across keys: do profiles, network, image source and services fit together?"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from itertools import combinations
from pathlib import PurePosixPath

from manage.catalog import Catalog, demands, sizes
from manage.catalog.model import Service
from manage.catalog.rules import SUBJECT, broken
from manage.config import addresses
from manage.config.document import Document
from manage.config.model import Config, Problem

PUBLIC = ("mainnet", "testnet")


def problems(catalog: Catalog, config: Config, read: Document, file: str) -> Iterator[Problem]:
    """Every contradiction within `config`, with the line of `read` that causes it."""

    def at(path: str, message: str, hint: str = "") -> Problem:
        leaf = read.leaves.get(path)
        return Problem(file, leaf.line if leaf else read.sections.get(path, 1), path, message, hint)

    services = {name: catalog.service(name, config.network) for name in config.services}
    chosen = (*config.services, *config.disabled)
    for name in catalog.names:
        given = f"services.{name}" in read.sections or f"storage.chain_dirs.{name}" in read.leaves
        if given and name not in chosen and name not in config.settings:
            path = f"services.{name}" if f"services.{name}" in read.sections else f"storage.chain_dirs.{name}"
            hint = f"to remove it: manage config unset {path}"
            yield at(path, f"{name} is not part of the chosen profiles ({', '.join(config.profiles)})", hint)
    for name in config.profiles:
        profile = catalog.profiles[name]
        if config.network not in profile.networks:
            allowed = ", ".join(profile.networks)
            yield at("network", f"profile {name} does not run on {config.network}", f"it runs on {allowed}")
    for service in services.values():
        if config.image_source == "local" and config.network in PUBLIC and service.local_refused:
            yield at(
                "images.source",
                f"the locally built {service.name} must not run on {config.network}: {service.local_refused}",
                "use network private or sandbox, or images.source upstream",
            )
        for need in service.needs:
            if need.service not in services and not (need.unless and config.settings[service.name][need.unless]):
                why = "is switched off" if need.service in config.disabled else "is in none of the chosen profiles"
                path = f"services.{need.service}.enabled" if need.service in config.disabled else "profiles"
                yield at(path, f"{service.name} needs {need.service} ({need.check}), which {why}")
        for provider, relations, path in _missing_providers(catalog, config, service):
            why = "is switched off" if path.startswith("services.") else "is in none of the chosen profiles"
            yield at(path, f"{service.name} needs {provider} ({relations}), which {why}")
    for service in services.values():
        for path, message, hint in _memory(config, service, read):
            yield at(path, message, hint)
    for rule in broken(catalog.rules, config.services, config.settings):
        yield at(_first_given(rule.subjects, read), rule.sentence)
    yield from (at(path, message, hint) for path, message, hint in addresses.problems(config))
    for path, message in _shared_folders(config.chain_dirs):
        yield at(path, message)
    yield from (at("ports.base", message) for message in _port_clashes(config, services))


def _missing_providers(catalog: Catalog, config: Config, service: Service) -> Iterator[tuple[str, str, str]]:
    """(provider, its relations, key to point at) for what `service` uses and nothing in this stack provides."""
    missing: dict[tuple[str, str], list[str]] = {}
    for use in service.uses:
        if use.optional or use.every or (use.unless and config.settings[service.name][use.unless]):
            continue
        able = [
            other.name
            for other in catalog.services(config.network).values()
            if any(offer.relation == use.relation for offer in other.provides)
        ]
        if not set(able) & set(config.services):
            off = next((name for name in able if name in config.disabled), "")
            key = (off, f"services.{off}.enabled") if off else (" or ".join(able), "profiles")
            missing.setdefault(key, []).append(use.relation)
    for (provider, path), relations in missing.items():
        yield provider, ", ".join(relations), path


def _first_given(subjects: tuple[str, ...], read: Document) -> str:
    """The key to point at: that of the first subject that the file sets."""
    paths = [f"services.{match['service']}.{match['key']}" for match in map(SUBJECT.fullmatch, subjects) if match]
    return next((path for path in paths if path in read.leaves), paths[0])


def _shared_folders(chain_dirs: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """(key, message) for each chain folder that is, or lies in, that of another service."""
    for (one, first), (other, second) in combinations(chain_dirs.items(), 2):
        a, b = PurePosixPath(first), PurePosixPath(second)
        if a.is_relative_to(b) or b.is_relative_to(a):
            yield f"storage.chain_dirs.{other}", f"{second} is not separate from the chain folder of {one}, {first}"


def _memory(config: Config, service: Service, read: Document) -> Iterator[tuple[str, str, str]]:
    """(key, message, hint) if the settings of `service` take more than its memory limit."""
    settings, limit = config.settings[service.name], config.memory[service.name]
    taken = demands.memory_bytes(service, settings)
    if taken <= sizes.parse(limit) or service.resources.memory_use is None:
        return
    keys = list(service.resources.memory_use.per)
    used = ", ".join(f"{key} {settings[key]}" for key in keys)
    paths = [f"services.{service.name}.{key}" for key in (*keys, "memory")]
    given = [path for path in paths if path in read.leaves]
    least = f"{-(-taken // sizes.UNITS['m'])}m"
    yield (
        given[0] if given else paths[-1],
        f"{service.name} takes {least} with {used}, and its memory limit is {limit}: the kernel would kill it",
        f"set services.{service.name}.memory to {least} or more, or lower {' or '.join(keys)}",
    )


def _port_clashes(config: Config, services: dict[str, Service]) -> Iterator[str]:
    used = Counter(
        config.port_base + port.offset if port.publish == "loopback" else port.number
        for name, service in services.items()
        for port in service.ports
        if port.is_published(config.settings[name])
    )
    for number, count in used.items():
        if count > 1:
            yield f"{count} services would use port {number} of this host"
