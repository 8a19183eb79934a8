"""Checks across files: do the services of one network fit together? Every sentence names the file."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

from manage.catalog import health_keys, network_names, secret_names
from manage.catalog.model import Profile, Rule, Service
from manage.catalog.reader import unknown_name
from manage.catalog.relations import Relation
from manage.catalog.rules import SUBJECT
from manage.installation import ids


def problems(
    services: Sequence[Service],
    profiles: Mapping[str, Profile],
    rules: Iterable[Rule],
    images: Collection[str],
    declared: Mapping[str, Relation],
) -> Iterator[str]:
    """Every clash between the services of one network, and every name that leads nowhere."""
    known = {service.name: service for service in services}
    yield from _shared(services)
    yield from secret_names.taken_twice(services, declared)
    yield from network_names.taken_twice(services)
    for service in services:
        if service.image not in images:
            makes = "An image is made by image/recipe.yml with a Dockerfile, or pulled by image/upstream.yml."
            yield f"{service.file}: image: {unknown_name('image', service.image, sorted(images))} {makes}"
        for need in service.needs:
            yield from (f"{service.file}: needs: {problem}" for problem in _need(need.service, need.check, known))
            keys = [setting.key for setting in service.settings]
            if need.unless and need.unless not in keys:
                yield f"{service.file}: needs: {unknown_name('setting', need.unless, keys)}"
        yield from _relations(service, services)
    for profile in profiles.values():
        for name in profile.services:
            if name not in known:
                yield f"profiles/{profile.name}.yml: services: {unknown_name('service', name, known)}"
    for rule in rules:
        for subject in rule.subjects:
            if problem := _subject(subject, known):
                yield f"profiles/rules.yml: subjects: {problem}"


def _shared(services: Iterable[Service]) -> Iterator[str]:
    """User ids and host ports that two services share."""
    uids: dict[int, str] = {}
    offsets: dict[int, str] = {}
    for service in services:
        if service.uid in uids:
            yield f"{service.file}: uid: {service.uid} belongs to {uids[service.uid]}; choose another"
        uids[service.uid] = service.name
        if "user" not in service.exceptions and (problem := _outside(service)):
            yield f"{service.file}: uid: {problem}"
        for port in service.ports:
            if port.publish == "loopback":
                if port.offset in offsets:
                    yield f"{service.file}: ports.{port.name}.offset: {port.offset} belongs to {offsets[port.offset]}"
                offsets[port.offset] = service.name


def _outside(service: Service) -> str:
    """A sentence if the user id is in none of the ranges of such a service, else ""."""
    if service.own:
        if service.uid in ids.OWN or service.uid in ids.OWN_EARLIER:
            return ""
        return f"{service.uid} is outside {_ends(ids.OWN)}, the range for user ids of your own services"
    if service.uid in ids.SHIPPED:
        return ""
    return f"{service.uid} is outside {_ends(ids.SHIPPED)}, the range for user ids of services"


def _ends(numbers: range) -> str:
    return f"{numbers.start} to {numbers.stop - 1}"


def _need(name: str, check: str, known: Mapping[str, Service]) -> Iterator[str]:
    if name not in known:
        yield unknown_name("service", name, known)
    elif check not in (offered := health_keys.checks(known[name].health)):
        yield unknown_name(f"check of {name}", check, offered)


def _relations(service: Service, services: Iterable[Service]) -> Iterator[str]:
    for offer in service.provides:
        if offer.check and offer.check not in (mine := health_keys.checks(service.health)):
            yield f"{service.file}: provides.{offer.relation}.check: {unknown_name('check', offer.check, mine)}"
    for use in service.uses:
        providers = [other for other in services if any(o.relation == use.relation for o in other.provides)]
        if not providers and not (use.optional or use.every):
            yield f"{service.file}: uses.{use.relation}: no service provides {use.relation}"
        for provider in providers if use.check else ():
            offered = health_keys.checks(provider.health)
            if use.check not in offered:
                where = f"uses.{use.relation}.check"
                yield f"{service.file}: {where}: {unknown_name(f'check of {provider.name}', use.check, offered)}"


def _subject(subject: str, known: Mapping[str, Service]) -> str:
    match = SUBJECT.fullmatch(subject)
    if match is None or match["service"] not in known:
        return unknown_name("service", match["service"] if match else subject, known)
    keys = [setting.key for setting in known[match["service"]].settings]
    return "" if match["key"] is None or match["key"] in keys else unknown_name("setting", match["key"], keys)
