"""Loads `profiles/`: what can be deployed, strictly checked."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, cast

from manage.catalog import check
from manage.catalog.model import NETWORKS, Catalog, Network, Profile, Rule, Service
from manage.catalog.reader import Key, Reader, needed, read
from manage.catalog.resolve import build, resolve
from manage.catalog.rules import SUBJECT
from manage.errors import NodeyardError
from manage.installation.layout import CHECKOUT

__all__ = ["load", "resolve", "start_order"]

PROFILE = {
    "version": needed("integer"),
    "name": needed("text"),
    "title": needed("text"),
    "summary": needed("text"),
    "services": needed("list"),
    "default_network": needed("text"),
    "networks": needed("list"),
}
RULE = {"kind": needed("text"), "subjects": needed("list"), "sentence": needed("text")}
START_ORDER = ("data", "chains", "services", "manager")


def load(root: Path = CHECKOUT) -> Catalog:
    """The catalog in `root/profiles`. NodeyardError with every fault of a file, or every clash between files."""
    folder = root / "profiles"
    documents = {path.parent.name: read(path) for path in sorted((folder / "services").glob("*/service.yml"))}
    resolved = {
        network: {
            name: _named(build(document, network, file=f"profiles/services/{name}/service.yml"), name)
            for name, document in documents.items()
        }
        for network in NETWORKS
    }
    order = start_order(resolved["sandbox"].values())
    profiles = [_profile(path) for path in sorted(folder.glob("*.yml")) if path.name != "rules.yml"]
    catalog = Catalog(
        profiles={profile.name: profile for profile in profiles},
        entries={name: documents[name] for name in order},
        rules=_rules(folder / "rules.yml", resolved["sandbox"]),
    )
    faults = dict.fromkeys(
        sentence for network in NETWORKS for sentence in check.clashes(catalog, list(resolved[network].values()))
    )
    if faults:
        raise NodeyardError("The catalog does not fit together:" + "".join(f"\n  {sentence}" for sentence in faults))
    return catalog


def start_order(services: Iterable[Service]) -> tuple[str, ...]:
    """Names in start order: data, chains, services, manager; within a group after what they need, then by name."""
    todo = {service.name: service for service in services}
    order: list[str] = []

    def visit(name: str, path: tuple[str, ...] = ()) -> None:
        if name in path:
            raise NodeyardError(f"Services need each other in a circle: {' -> '.join((*path, name))}.")
        if name in order or name not in todo:
            return
        for need in sorted(need.service for need in todo[name].needs):
            visit(need, (*path, name))
        order.append(name)

    for name in sorted(todo, key=lambda name: (START_ORDER.index(todo[name].group), name)):
        visit(name)
    return tuple(order)


def _named(service: Service, stem: str) -> Service:
    if service.name != stem:
        raise NodeyardError(
            f"profiles/services/{stem}/service.yml calls itself {service.name}; folder and name are the same."
        )
    return service


def _profile(path: Path) -> Profile:
    reader = Reader(f"profiles/{path.name}")
    values = reader.table(read(path), PROFILE)
    for network in (*values["networks"], values["default_network"]):
        if network not in NETWORKS:
            reader.fault(f"{network!r} is no network; there are {', '.join(NETWORKS)}")
    if values["default_network"] not in values["networks"]:
        reader.fault(f"its default network {values['default_network']} is not among its networks")
    if values["name"] != path.stem:
        reader.fault(f"it calls itself {values['name']}; file and name are the same")
    reader.finish()
    return Profile(
        name=values["name"],
        title=values["title"],
        summary=values["summary"],
        services=tuple(values["services"]),
        default_network=cast(Network, values["default_network"]),
        networks=tuple(values["networks"]),
    )


def _rules(path: Path, services: Mapping[str, Service]) -> tuple[Rule, ...]:
    if not path.exists():
        return ()
    reader = Reader(f"profiles/{path.name}")
    document = reader.table(read(path), {"version": needed("integer"), "rules": Key("list", [])})
    rules = []
    for entry in document["rules"]:
        values = reader.table(entry, RULE, "rules")
        if values["kind"] not in ("requires", "exclusive", "incompatible"):
            reader.fault(f"{values['kind']!r} is no kind of rule")
        for subject in values["subjects"]:
            _check_subject(reader, subject, services)
        rules.append(Rule(values["kind"], tuple(values["subjects"]), values["sentence"]))
    reader.finish()
    return tuple(rules)


def _check_subject(reader: Reader, subject: Any, services: Mapping[str, Service]) -> None:
    match = SUBJECT.fullmatch(str(subject))
    if match is None or match["service"] not in services:
        reader.fault(f"{subject!r} names no service")
    elif match["key"] is not None and match["key"] not in {s.key for s in services[match["service"]].settings}:
        reader.fault(f"{subject!r} names no setting of {match['service']}")
