"""Relations: what services may provide and use, declared in `profiles/relations.yml`.

A relation has attributes on both sides (the methods that an RPC user may call, the path of a route) and may have a
secret for each pair, so neither side names the other.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from manage.catalog.document import Document, KeyPath
from manage.catalog.drivers.pattern import pattern_fault
from manage.catalog.fields import described
from manage.catalog.model import Provided, Service, Used
from manage.catalog.reader import EXPECTED, Reader, unknown_name
from manage.immutable import dataclass

_ATTRIBUTES: Mapping[str, type] = {"text": str, "texts": list, "integer": int, "boolean": bool}
_USE_KEYS = ("check", "unless", "optional", "every")
_PROVIDE_KEYS = ("port", "check")
_SECRET, _ANYTHING = re.compile(r"[a-z0-9_-]{0,60}"), re.compile(r"[^{}]*")
_WORDS = {_SECRET: "lower-case letters, digits, - and _", _ANYTHING: "no braces"}


@dataclass(frozen=True)
class Attribute:
    """A value that one side of the relation states."""

    name: str
    type: str = described("text", "Type of the value.", choices=tuple(_ATTRIBUTES))
    meaning: str = described("text", "What it says.")
    pattern: str = described("text", "Regular expression that the whole value, or each entry of a list, matches.", "")
    default: Any = described(
        "any", "Value if it is missing; `{service}` stands for the service. Without a default it is required.", None
    )


@dataclass(frozen=True)
class PairSecret:
    """A generated password that one user and the provider share."""

    name: str = described("text", "Name of the secret; `{service}` is the user, other names are its attributes.")
    copied: bool = described("boolean", "The provider mounts every user's secret, too.", False)


@dataclass(frozen=True)
class Relation:
    """A kind of connection between a service that provides it and those that use it."""

    name: str
    meaning: str = described("text", "What it means, in a sentence.")
    provides: tuple[Attribute, ...] = described(
        "tables", "Attributes that a provider states.", (), table=Attribute, by_name=True
    )
    uses: tuple[Attribute, ...] = described(
        "tables", "Attributes that a user states.", (), table=Attribute, by_name=True
    )
    secret: PairSecret | None = described("table", "Password that each pair shares.", None, table=PairSecret)
    port_of: str = described("text", "Side whose port the other connects to.", "provider", choices=("provider", "user"))


@dataclass(frozen=True)
class _File:
    """The file `profiles/relations.yml`."""

    version: int = described("integer", "Version of this file's format, 1.")
    relations: tuple[Relation, ...] = described("tables", "Relations by name.", table=Relation, by_name=True)


def read_relations(document: Document, *, own: bool = False) -> dict[str, Relation]:
    """The relations of one file by name; `own` for the operator's. Raises NodeyardError with every problem."""
    reader = Reader(document)
    file: _File = reader.table(_File, document.value)
    reader.check_version(file.version)
    for relation in file.relations:
        _check_texts(reader, relation, own=own)
    reader.require_no_problems()
    return {relation.name: relation for relation in file.relations}


def _check_texts(reader: Reader, relation: Relation, *, own: bool) -> None:
    """Placeholders are plain names that a user states, and patterns are regular expressions."""
    path: KeyPath = ("relations", relation.name)
    stated = ["service", *(attribute.name for attribute in relation.uses)]
    if relation.secret is not None:
        _check_placeholders(reader, (*path, "secret", "name"), relation.secret.name, stated, _SECRET)
        if "{" not in relation.secret.name:
            reader.add_problem((*path, "secret", "name"), "it names no user; put {service} where its name belongs")
    for side in ("provides", "uses"):
        for attribute in getattr(relation, side):
            where = (*path, side, attribute.name)
            if isinstance(attribute.default, str):
                _check_placeholders(reader, (*where, "default"), attribute.default, ["service"], _ANYTHING)
            if problem := _pattern_problem(attribute.pattern, own=own):
                reader.add_problem((*where, "pattern"), f"{attribute.pattern!r} {problem}")


def _check_placeholders(
    reader: Reader, path: KeyPath, text: str, names: Iterable[str], allowed: re.Pattern[str]
) -> None:
    rest = text
    for name in names:
        rest = rest.replace("{" + name + "}", "")
    if not allowed.fullmatch(rest):
        placeholders = ", ".join("{" + name + "}" for name in names)
        reader.add_problem(path, f"{text!r} may hold {placeholders} and otherwise {_WORDS[allowed]}")


def _pattern_problem(pattern: str, *, own: bool) -> str:
    if own:
        return pattern_fault(pattern)
    try:
        re.compile(pattern)
    except re.error as error:
        return f"is not a regular expression: {error}"
    return ""


def provided(reader: Reader, service: Service, relations: Mapping[str, Relation]) -> tuple[Provided, ...]:
    """The `provides` of a service, checked; problems go to `reader`."""
    found = []
    for name, entry in service.provides.items():
        path = ("provides", name)
        relation = _relation(reader, path, name, entry, relations)
        if relation is None:
            continue
        _check_keys(reader, path, entry, _PROVIDE_KEYS, relation.provides)
        port = entry.get("port", "")
        if relation.port_of == "provider":
            _check_port(reader, (*path, "port"), service, port)
        found.append(
            Provided(name, port, entry.get("check", ""), _attributes(reader, path, service, relation.provides, entry))
        )
    return tuple(found)


def used(reader: Reader, service: Service, relations: Mapping[str, Relation]) -> tuple[Used, ...]:
    """The `uses` of a service, checked; problems go to `reader`."""
    found = []
    for name, entry in service.uses.items():
        path = ("uses", name)
        relation = _relation(reader, path, name, entry, relations)
        if relation is None:
            continue
        _check_keys(reader, path, entry, _USE_KEYS, relation.uses)
        unless = entry.get("unless", "")
        if unless and unless not in {setting.key for setting in service.settings}:
            reader.add_problem((*path, "unless"), unknown_name("setting", unless, [s.key for s in service.settings]))
        attributes = _attributes(reader, path, service, relation.uses, entry)
        if relation.port_of == "user":
            _check_port(reader, (*path, "port"), service, str(attributes.get("port", "")))
        found.append(
            Used(
                relation=name,
                check=entry.get("check", ""),
                unless=unless,
                optional=bool(entry.get("optional", False)),
                every=bool(entry.get("every", False)),
                attributes=attributes,
            )
        )
    return tuple(found)


def secret_name(relation: Relation, service: str, attributes: Mapping[str, Any]) -> str:
    """The name of the secret that `service` shares with the provider, "" if the relation has none."""
    return relation.secret.name.format(service=service, **attributes) if relation.secret else ""


def _relation(
    reader: Reader, path: KeyPath, name: str, entry: Any, relations: Mapping[str, Relation]
) -> Relation | None:
    if name not in relations:
        reader.add_problem(path, unknown_name("relation", name, relations))
        return None
    if not isinstance(entry, dict):
        reader.add_problem(path, "expected a mapping")
        return None
    return relations[name]


def _check_keys(
    reader: Reader, path: KeyPath, entry: Mapping[str, Any], own: tuple[str, ...], attributes: tuple[Attribute, ...]
) -> None:
    known = [*own, *(attribute.name for attribute in attributes)]
    for name, value in entry.items():
        if name not in known:
            reader.add_problem((*path, name), unknown_name("key", name, known))
        elif name in ("optional", "every") and not isinstance(value, bool):
            reader.add_problem((*path, name), "expected true or false")
        elif name in own and name not in ("optional", "every") and not isinstance(value, str):
            reader.add_problem((*path, name), "expected text")


def _check_port(reader: Reader, path: KeyPath, service: Service, port: str) -> None:
    if port not in {known.name for known in service.ports}:
        reader.add_problem(path, unknown_name("port", port, [known.name for known in service.ports], always=True))


def _attributes(
    reader: Reader, path: KeyPath, service: Service, attributes: tuple[Attribute, ...], entry: Mapping[str, Any]
) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for attribute in attributes:
        default = attribute.default
        value = entry.get(attribute.name, default.format(service=service.name) if isinstance(default, str) else default)
        if value is None:
            reader.add_problem(path, f"{attribute.name} is missing: {attribute.meaning}")
        elif not isinstance(value, _ATTRIBUTES[attribute.type]) or (
            isinstance(value, list) and not all(isinstance(part, str) for part in value)
        ):
            reader.add_problem((*path, attribute.name), f"expected {EXPECTED[attribute.type]}")
        else:
            for part in value if isinstance(value, list) else [value]:
                if attribute.pattern and not re.fullmatch(attribute.pattern, str(part)):
                    reader.add_problem((*path, attribute.name), f"{part!r} does not match {attribute.pattern}")
            values[attribute.name] = value
    return values
