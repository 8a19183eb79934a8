"""docs/service-files.md and docs/drivers.md, from the same descriptions that check a service file."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

from manage.catalog.document import read
from manage.catalog.drivers.model import Option
from manage.catalog.drivers.read import declaration, drivers
from manage.catalog.fields import Key, Required, keys
from manage.catalog.model import Demand, Health, Need, Port, Resources, Secret, Service, Setting, Volume
from manage.catalog.relations import read_relations
from manage.installation.layout import CHECKOUT

SERVICE_FILES = """\
# Service files

A service is a folder: `profiles/services/<name>/` if Nodeyard ships it, `<dir>/services/<name>/` if it is
[your own](own-services.md).

| file | what it holds |
|---|---|
| `service.yml` | everything below |
| `compose.yml.j2` | how it is started; extends `templates/service.yml.j2`, which adds limits and hardening |
| `files/` | configuration files, mounted at `/etc/nodeyard`; those that end in `.j2` are rendered |
| `image/` | `recipe.yml` and `Dockerfile`, or `upstream.yml` for an image of your own that is pulled |
| `README.md` | what it is, what it needs, how it fails |
| `cases/*.json` | facts and the verdict that follows from them, for a health driver of its own |

`manage services new NAME` writes such a folder, `manage services check NAME` reports what is missing, and
`manage services schema` prints a JSON Schema for editors. A value may differ by network: write
`{mainnet: ..., testnet: ..., private: ..., sandbox: ...}` in its place.

Templates see `service`, `settings`, `network`, `uses` (relation -> its link: `host`, `port`, `scheme`, `url`,
`secret`, `attributes`, `provided`), `users` (relation that it provides -> the links of its users) and `listen`
(port -> the addresses on which to listen for it). Files in the folder `start/`, mounted at `/run/nodeyard`, also see
`subnets` (port -> the addresses of its network, known when the service starts). Templates of your own services run in
a sandbox and cannot change what the skeleton sets.
"""
DRIVERS = """\
# Health drivers

A driver asks a service for facts and judges them. `service.yml` names it under `health.driver`. A service that depends
on another waits for one of its checks. `http`, `tcp`, `line`, `metrics` and `sql` are generic: with their options most
services need no code.

A rule of a generic driver decides one check: it measures something, compares it with `at_least`, `at_most` or `equals`,
and has a `reason` for when it fails, with `{value}` where the measured value goes.
"""


def service_files_page(root: Path = CHECKOUT) -> str:
    """docs/service-files.md."""
    parts = [SERVICE_FILES, "\n## service.yml\n", *_table(Service)]
    for title, table in (
        ("ports.<name>", Port),
        ("settings.<key>", Setting),
        ("needs[]", Need),
        ("secrets[]", Secret),
        ("volumes.<name>", Volume),
        ("resources", Resources),
        ("resources.memory_use, resources.disk_use[]", Demand),
        ("health", Health),
    ):
        parts += [f"\n### {title}\n", *_table(table)]
    parts.append("\n## Relations\n\nWhat `provides` and `uses` may name (`profiles/relations.yml`).\n")
    for relation in read_relations(read(root / "profiles/relations.yml", "profiles/relations.yml")).values():
        parts.append(f"\n### {relation.name}\n\n{relation.meaning}\n")
        for side, attributes in (("provides", relation.provides), ("uses", relation.uses)):
            for attribute in attributes:
                default = "required" if attribute.default is None else f"default `{attribute.default}`"
                parts.append(f"\n- `{side}.{relation.name}.{attribute.name}` ({default}): {attribute.meaning}")
        parts.append("\n" if relation.provides or relation.uses else "")
        if relation.secret:
            parts.append(f"\nEach user shares the secret `{relation.secret.name}` with the provider.\n")
    return "".join(parts)


def drivers_page() -> str:
    """docs/drivers.md."""
    parts = [DRIVERS]
    for name in drivers():
        driver = declaration(name)
        parts.append(f"\n## {name}\n\n{driver.summary}\n")
        if driver.checks:
            parts += ["\n| check | holds when |\n|---|---|\n", *_rows(driver.checks)]
        if driver.thresholds:
            parts.append("\n| threshold | unit | default | meaning |\n|---|---|---|---|\n")
            for threshold in driver.thresholds.values():
                default = "required" if threshold.default is None else f"{threshold.default:g}"
                parts.append(f"| `{threshold.name}` | {threshold.unit} | {default} | {threshold.meaning} |\n")
        if driver.options:
            parts += ["\n| option | type | default | meaning |\n|---|---|---|---|\n", *_options(driver.options)]
    return "".join(parts)


def _options(options: Mapping[str, Option], prefix: str = "") -> Iterator[str]:
    for option in options.values():
        default = "required" if option.default is None else f"`{option.default!r}`"
        yield f"| `{prefix}{option.name}` | {option.type} | {default} | {option.meaning} |\n"
        yield from _options(option.measured, f"{prefix}{option.name}[].")


def _rows(mapping: Mapping[str, str]) -> Iterator[str]:
    for name, meaning in mapping.items():
        yield f"| `{name}` | {meaning} |\n"


def _table(table: type) -> Iterator[str]:
    yield "\n| key | type | default | meaning |\n|---|---|---|---|\n"
    for name, key in keys(table):
        yield f"| `{name}` | {_type(key)} | {_default(key)} | {key.help}{_choices(key)} |\n"


def _type(key: Key) -> str:
    if key.kind == "tables":
        return "mapping" if key.by_name else "list"
    return {"texts": "list of texts", "numbers": "mapping of numbers", "table": "mapping"}.get(key.kind, key.kind)


def _choices(key: Key) -> str:
    return f" One of {', '.join(key.choices)}." if key.choices else ""


def _default(key: Key) -> str:
    if key.default is Required:
        return "required"
    return f"`{key.default}`" if key.default not in ((), {}, "", None) else "none"
