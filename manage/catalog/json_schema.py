"""JSON Schemas for editors, made from the same descriptions that check a file."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from manage.catalog.fields import Key, Required, keys
from manage.catalog.model import NETWORKS, Service, Setting

DRAFT = "https://json-schema.org/draft/2020-12/schema"
SIZE = {"type": "string", "pattern": "^[0-9]+[bkmgt]?$"}
_KINDS: Mapping[str, Mapping[str, Any]] = {
    "text": {"type": "string"},
    "texts": {"type": "array", "items": {"type": "string"}},
    "integer": {"type": "integer"},
    "number": {"type": "number"},
    "numbers": {"type": "object", "additionalProperties": {"type": ["number", "object"]}},
    "boolean": {"type": "boolean"},
    "size": SIZE,
    "mapping": {"type": "object"},
    "any": {},
}
_TYPES: Mapping[str, Mapping[str, Any]] = {
    "boolean": {"type": "boolean"},
    "integer": {"type": "integer"},
    "number": {"type": "number"},
    "size": SIZE,
    "list": {"type": "array", "items": {"type": "string"}},
}
"""Types of settings; all others are text."""


def service_schema() -> dict[str, Any]:
    """The schema of `service.yml`. Values that may differ by network can also be a mapping by network."""
    return {"$schema": DRAFT, "title": "Nodeyard service.yml", **_table(Service)}


def stack_schema(settings: Mapping[str, Setting]) -> dict[str, Any]:
    """The schema of `stack.yml` from its settings by dotted path."""
    root: dict[str, Any] = {"$schema": DRAFT, "title": "Nodeyard stack.yml", "required": ["version"], **_section()}
    for path, setting in settings.items():
        node = root
        *sections, leaf = path.split(".")
        for name in sections:
            node = node["properties"].setdefault(name, _section())
        node["properties"][leaf] = setting_schema(setting)
    return root


def setting_schema(setting: Setting) -> dict[str, Any]:
    """The schema of one value of `stack.yml`."""
    schema: dict[str, Any] = dict(_TYPES.get(setting.type, {"type": "string"}))
    narrowed = dict(schema["items"]) if setting.type == "list" else schema
    if setting.choices:
        narrowed["enum"] = list(setting.choices)
    if setting.pattern:
        narrowed["pattern"] = f"^(?:{setting.pattern})$"
    if setting.type == "list":
        schema["items"] = narrowed
    if setting.type in ("integer", "number"):
        limits = {"minimum": setting.minimum, "maximum": setting.maximum}
        schema |= {name: limit for name, limit in limits.items() if limit is not None}
    return schema | {"description": setting.help, "default": setting.default, "examples": [setting.example]}


def _section() -> dict[str, Any]:
    return {"type": ["object", "null"], "properties": {}, "additionalProperties": False}


def _table(table: type) -> dict[str, Any]:
    described = dict(keys(table))
    return {
        "type": "object",
        "properties": {name: _key(key) for name, key in described.items()},
        "required": [name for name, key in described.items() if key.default is Required],
        "additionalProperties": False,
    }


def _key(key: Key) -> dict[str, Any]:
    if key.kind == "table":
        schema = _table(key.nested)
    elif key.kind == "tables":
        one = _table(key.nested)
        schema = {"type": "object", "additionalProperties": one} if key.by_name else {"type": "array", "items": one}
    else:
        schema = dict(_KINDS[key.kind])
    if key.choices:
        schema["enum"] = list(key.choices)
    if key.default is not Required and key.default is not None:
        schema["default"] = list(key.default) if isinstance(key.default, tuple) else key.default
    described: dict[str, Any] = {"description": key.help}
    if key.kind in ("text", "integer", "number", "boolean", "size"):
        by_network = {"type": "object", "properties": dict.fromkeys(NETWORKS, schema), "required": list(NETWORKS)}
        return described | {"anyOf": [schema, by_network | {"additionalProperties": False}]}
    return described | schema
