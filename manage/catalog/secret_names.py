"""Every secret has one owner: the service that lists it, or the one pair of user and provider that shares it.

Copies of a secret are made by its name, so a name that is taken twice would give one service the other's secret.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping

from manage.catalog.model import Service
from manage.catalog.relations import Relation, secret_name

NAME = re.compile(r"[a-z][a-z0-9_-]{0,99}")
"""It is also the name of a file."""


def taken_twice(services: Iterable[Service], relations: Mapping[str, Relation]) -> Iterator[str]:
    """A sentence about each secret that has no proper name, or one that is taken; shipped services come first."""
    owners: dict[str, str] = {}
    for service in sorted(services, key=lambda service: service.own):
        for where, name in _names(service, relations):
            if not NAME.fullmatch(name):
                yield f"{service.file}: {where}: {name!r} cannot be the name of its secret; use a-z, 0-9, - and _"
            if name in owners:
                yield f"{service.file}: {where}: the secret {name} belongs to {owners[name]}; choose another name"
            owners.setdefault(name, service.name)


def _names(service: Service, relations: Mapping[str, Relation]) -> Iterator[tuple[str, str]]:
    """(key of the file, name of the secret)."""
    for number, secret in enumerate(service.secrets):
        yield f"secrets.{number}.name", secret.name
    for use in service.uses:
        if name := secret_name(relations[use.relation], service.name, use.attributes):
            yield f"uses.{use.relation}", name
