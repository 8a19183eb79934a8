"""Turns the text of stack.yml into a `Config`, or reports every problem in it."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, cast

from yaml import MappingNode

from manage import untrusted
from manage.catalog import Catalog, values
from manage.catalog.model import NETWORKS, Network, Service
from manage.config import consistency, document, schema
from manage.config.document import Document
from manage.config.model import Config, ImageSource, Problem
from manage.config.problems import InvalidConfig
from manage.errors import NodeyardError

MAX_BYTES = 1 << 20
MIGRATIONS: tuple[Callable[[str], str], ...] = ()
"""`MIGRATIONS[n]` turns the text of version n+1 into that of version n+2. It works on text to keep comments."""


def load(path: Path, catalog: Catalog) -> Config:
    """The configuration in `path`.

    Raises InvalidConfig with every problem, NodeyardError if the file is missing or too new.
    """
    try:
        text = untrusted.text(path, most=MAX_BYTES, links=True)
    except FileNotFoundError as error:
        raise NodeyardError(f"{path} does not exist.", "Create it: manage init") from error
    except UnicodeDecodeError as error:
        raise NodeyardError(f"{path} is not text: {error.reason}.", "Restore it from a copy.") from error
    except untrusted.Refused as error:
        raise NodeyardError(f"{path} cannot be read: {error.strerror}.", "Restore it from a copy.") from error
    except OSError as error:
        raise NodeyardError(
            f"{path} cannot be read: {error.strerror}.", "Run the command with sudo if you may not read it."
        ) from error
    return parse(text, str(path), catalog)


def parse(text: str, file: str, catalog: Catalog) -> Config:
    """The configuration in `text`. Errors call it `file`. Raises as `load` does."""
    text = _migrated(text, file)
    root = document.root(text, file)
    network = _network(root)
    known = schema.keys(catalog, network)
    read = Document({}, {}, (root,)) if isinstance(root, Problem) else document.read(root, file, known)
    problems = list(read.problems)
    chosen: dict[str, Any] = {path: setting.default for path, setting in known.items()}
    for path, leaf in read.leaves.items():
        wrong = values.problem(known[path], leaf.value)
        if wrong:
            problems.append(Problem(file, leaf.line, path, wrong))
        else:
            chosen[path] = values.normalized(known[path], leaf.value)
    if "version" not in read.leaves and not problems:
        problems.append(Problem(file, 1, "version", f"this key is missing; this format is version: {schema.VERSION}"))
    config = _config(catalog, network, chosen)
    problems += consistency.problems(catalog, config, read, file)
    if problems:
        raise InvalidConfig(file, problems)
    return config


def _migrated(text: str, file: str) -> str:
    match = re.search(r"^version:\s*([0-9]+)\s*(?:#.*)?$", text, re.MULTILINE)
    version = int(match[1]) if match else schema.VERSION
    if version > schema.VERSION:
        raise NodeyardError(
            f"{file} has version {version}, written by a newer manage; this manage reads {schema.VERSION}.",
            "Update Nodeyard, or restore the earlier stack.yml.",
        )
    for migrate in MIGRATIONS[max(version, 1) - 1 :]:
        text = migrate(text)
    return text


def _network(root: MappingNode | Problem) -> Network:
    """The network that the file names, sandbox if there is none; a wrong one is reported later."""
    found = "" if isinstance(root, Problem) else document.top_level(root, "network")
    return found if found in NETWORKS else "sandbox"


def _config(catalog: Catalog, network: Network, chosen: Mapping[str, Any]) -> Config:
    wanted = {
        name for profile in chosen["profiles"] for name in catalog.profiles[profile].services
    }  # an unknown profile is already a problem and replaced by the default
    wanted |= set(catalog.own)
    known = catalog.services(network)
    managers = [name for name, service in known.items() if service.group == "manager"]
    present = [name for name in known if name in wanted]
    services = tuple(name for name in present if chosen[f"services.{name}.enabled"])
    settings = {
        name: {s.key: chosen[f"services.{name}.{s.key}"] for s in known[name].settings}
        for name in (*services, *managers)
    }
    return Config(
        name=chosen["name"],
        network=network,
        profiles=tuple(dict.fromkeys(chosen["profiles"])),
        image_source=cast(ImageSource, chosen["images.source"]),
        port_base=chosen["ports.base"],
        bind=chosen["ports.bind"],
        services=services,
        disabled=tuple(name for name in present if name not in services),
        settings=settings,
        memory={name: chosen[f"services.{name}.memory"] for name in (*services, *managers)},
        outbound={name: _goes_out(known[name], chosen) for name in (*services, *managers)},
        pool=chosen["networks.pool"],
        chain_dirs={
            name: chosen[f"storage.chain_dirs.{name}"] for name in services if chosen.get(f"storage.chain_dirs.{name}")
        },
    )


def _goes_out(service: Service, chosen: Mapping[str, Any]) -> bool:
    """Whether the operator lets it out: by `outbound`, or by a setting that names an address outside of the stack."""
    remotes = [f"services.{service.name}.{setting.key}" for setting in service.settings if setting.remote]
    return bool(chosen[f"services.{service.name}.outbound"] or any(chosen[path] for path in remotes))


def flatten(config: Config) -> dict[str, Any]:
    """Dotted path -> value in force, with defaults."""
    flat: dict[str, Any] = {
        "name": config.name,
        "network": config.network,
        "profiles": list(config.profiles),
        "images.source": config.image_source,
        "ports.base": config.port_base,
        "ports.bind": config.bind,
        "networks.pool": config.pool,
    }
    flat |= {f"storage.chain_dirs.{name}": folder for name, folder in config.chain_dirs.items()}
    flat |= {f"services.{name}.enabled": False for name in config.disabled}
    for name, settings in config.settings.items():
        flat[f"services.{name}.memory"] = config.memory[name]
        flat[f"services.{name}.outbound"] = config.outbound[name]
        flat |= {f"services.{name}.{key}": value for key, value in settings.items()}
    return flat
