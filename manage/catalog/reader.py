"""Reads one YAML document of `profiles/` strictly: every key is known, every needed key is there."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from manage.errors import NodeyardError

KINDS: Mapping[str, tuple[type, ...]] = {
    "text": (str,),
    "integer": (int,),
    "number": (int, float),
    "boolean": (bool,),
    "list": (list,),
    "mapping": (dict,),
    "any": (object,),
}


@dataclass(frozen=True)
class Key:
    """A key that a document may have; without `default` it must have it."""

    kind: str
    default: Any = None
    required: bool = False
    why: str = ""
    """Why it is required, as the end of the sentence that names it missing."""


def needed(kind: str, why: str = "") -> Key:
    return Key(kind, required=True, why=why)


@dataclass
class Reader:
    """Collects everything wrong in one file, so that its author sees all of it at once."""

    file: str
    faults: list[str] = field(default_factory=list)

    def fault(self, sentence: str) -> None:
        self.faults.append(sentence)

    def table(self, document: Any, keys: Mapping[str, Key], where: str = "") -> dict[str, Any]:
        """The values of `document` by `keys`, defaults filled in; what does not fit becomes a fault and its default."""
        prefix = f"{where}: " if where else ""
        if not isinstance(document, dict):
            self.fault(f"{prefix}a mapping is expected, not {_name(document)}")
            document = {}
        for key in document:
            if key not in keys:
                close = difflib.get_close_matches(str(key), keys, n=1)
                self.fault(f"{prefix}{key} is not a key" + (f"; did you mean {close[0]}?" if close else ""))
        values: dict[str, Any] = {}
        for name, key in keys.items():
            value = document.get(name, key.default)
            if name not in document and key.required:
                self.fault(f"{prefix}it has no {name}" + (f": {key.why}" if key.why else ""))
                value = _EMPTY[key.kind]
            elif name in document and not fits(value, key.kind):
                self.fault(f"{prefix}{name} is {_name(value)}, expected is {key.kind}")
                value = _EMPTY[key.kind] if key.required else key.default
            values[name] = value
        return values

    def finish(self) -> None:
        """Raise NodeyardError if anything was wrong."""
        if self.faults:
            count = f"{len(self.faults)} faults" if len(self.faults) > 1 else "a fault"
            lines = "".join(f"\n  {sentence}" for sentence in self.faults)
            raise NodeyardError(f"{self.file} has {count}:{lines}", "Mend the file; docs/architecture.md says how.")


_EMPTY: Mapping[str, Any] = {
    "text": "",
    "integer": 0,
    "number": 0,
    "boolean": False,
    "list": [],
    "mapping": {},
    "any": None,
}


def fits(value: Any, kind: str) -> bool:
    """True if `value` is of `kind`; a boolean is no number."""
    if isinstance(value, bool) and kind in ("integer", "number"):
        return False
    return isinstance(value, KINDS[kind])


def _name(value: Any) -> str:
    names = {"dict": "a mapping", "list": "a list", "str": "text", "NoneType": "nothing", "bool": "a boolean"}
    return names.get(type(value).__name__, f"the number {value}")


class _Loader(yaml.CSafeLoader):
    """YAML in which a key given twice is an error: PyYAML silently takes the last one."""


def _construct_mapping(loader: _Loader, node: yaml.MappingNode) -> dict[Any, Any]:
    seen: set[Any] = set()
    for key_node, _ in node.value:
        if key_node.value in seen:
            raise yaml.constructor.ConstructorError(None, None, f"{key_node.value} is given twice", key_node.start_mark)
        seen.add(key_node.value)
    return loader.construct_mapping(node, deep=True)


_Loader.add_constructor(yaml.resolver.BaseResolver.DEFAULT_MAPPING_TAG, _construct_mapping)


def read(path: Path) -> Any:
    """The document in `path`; NodeyardError if it cannot be read or is no YAML."""
    try:
        return yaml.load(path.read_bytes(), _Loader)  # noqa: S506 (a safe loader)
    except OSError as error:
        raise NodeyardError(f"{path} cannot be read: {error.strerror}.") from error
    except yaml.YAMLError as error:
        raise NodeyardError(f"{path} is no valid YAML: {error}.") from error
