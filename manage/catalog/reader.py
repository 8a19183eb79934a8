"""Fills the classes of the model from a document, strictly: no unknown key, no missing key."""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from typing import Any

from manage import words
from manage.catalog import sizes
from manage.catalog.document import Document, KeyPath
from manage.catalog.fields import Key, Required, keys
from manage.errors import NodeyardError

EXPECTED = {
    "text": "text",
    "texts": "a list of texts",
    "integer": "an integer",
    "number": "a number",
    "numbers": "a mapping of numbers",
    "boolean": "true or false",
    "size": "a size like 512m or 16g",
    "mapping": "a mapping",
    "table": "a mapping",
    "tables": "a mapping or a list",
}
_EMPTY: dict[str, Any] = {
    "text": "",
    "size": "0",
    "integer": 0,
    "number": 0,
    "boolean": False,
    "texts": (),
    "tables": (),
}
_TYPES: dict[str, type | tuple[type, ...]] = {
    "text": str,
    "size": str,
    "integer": int,
    "number": (int, float),
    "boolean": bool,
    "mapping": dict,
    "table": dict,
}
VERSION = 1
MAX_INTEGER = 1 << 53
"""Largest number that JSON carries exactly."""


@dataclass
class Reader:
    """Collects every problem of one file, so that its author sees all at once."""

    document: Document
    problems: list[tuple[int, str]] = field(default_factory=list)

    def add_problem(self, path: KeyPath, sentence: str) -> None:
        """Record `sentence` about the key at `path`."""
        where = words.printable(".".join(str(part) for part in path))
        self.problems.append((self.document.line(path), f"{where}: {sentence}" if where else sentence))

    def check_version(self, version: int) -> None:
        if version != VERSION and not self.is_faulty(("version",)):
            self.add_problem(("version",), f"this manage reads version {VERSION}")

    def is_faulty(self, path: KeyPath) -> bool:
        """Whether a fault of the key at `path` is recorded."""
        where = ".".join(str(part) for part in path)
        return any(sentence.startswith(f"{where}: ") for _line, sentence in self.problems)

    def table(self, table: type, value: Any, path: KeyPath = (), **given: Any) -> Any:
        """An instance of `table` from the mapping `value` at `path`; what does not fit becomes a problem.

        `given` are the fields that are not in the file.
        """
        if not isinstance(value, dict):
            self.add_problem(path, f"expected a mapping, not {kind_of(value)}")
            value = {}
        known = dict(keys(table))
        for name in value:
            if name not in known:
                self.add_problem((*path, name), unknown_name("key", name, known))
        return table(**{name: self._field(key, name, value, path) for name, key in known.items()}, **given)

    def _field(self, key: Key, name: str, value: dict[str, Any], path: KeyPath) -> Any:
        if name not in value:
            if key.default is not Required:
                return dict(key.default) if isinstance(key.default, dict) else key.default
            self.add_problem((*path, name), "this key is missing" + (f": {key.why}" if key.why else ""))
            return self._nothing(key, path, name)
        read = self._read(key, value[name], (*path, name))
        if read is Required:
            return self._nothing(key, path, name)
        if key.choices and read not in key.choices:
            self.add_problem((*path, name), unknown_name("value", str(read), key.choices, always=True))
        return read

    def _read(self, key: Key, value: Any, path: KeyPath) -> Any:
        """The value of a key in the type of its field, or `Required` after a problem."""
        if key.kind == "any":
            return value
        if key.kind == "tables":
            return self._tables(key, value, path)
        if key.kind in ("texts", "numbers"):
            entries = value.values() if key.kind == "numbers" and isinstance(value, dict) else value
            wanted: Any = str if key.kind == "texts" else (int, float)
            shaped = isinstance(value, list if key.kind == "texts" else dict)
            if not shaped or not all(isinstance(e, wanted) and not isinstance(e, bool) for e in entries):
                self.add_problem(path, f"expected {EXPECTED[key.kind]}, not {kind_of(value)}")
                return Required
            return tuple(value) if key.kind == "texts" else dict(value)
        if isinstance(value, int) and abs(value) > MAX_INTEGER:
            self.add_problem(path, "the number is too large")
            return Required
        if not isinstance(value, _TYPES[key.kind]) or (isinstance(value, bool) and key.kind != "boolean"):
            self.add_problem(path, f"expected {EXPECTED[key.kind]}, not {kind_of(value)}")
            return Required
        if key.kind == "size":
            try:
                sizes.parse(str(value))
            except ValueError as error:
                self.add_problem(path, str(error))
                return Required
        return self.table(key.nested, value, path) if key.kind == "table" else value

    def _tables(self, key: Key, value: Any, path: KeyPath) -> Any:
        table = key.nested
        if key.by_name:
            if not isinstance(value, dict):
                self.add_problem(path, f"expected a mapping by name, not {kind_of(value)}")
                return ()
            first = dataclasses.fields(table)[0].name
            return tuple(self.table(table, entry, (*path, name), **{first: name}) for name, entry in value.items())
        if not isinstance(value, list):
            self.add_problem(path, f"expected a list, not {kind_of(value)}")
            return ()
        return tuple(self.table(table, entry, (*path, number)) for number, entry in enumerate(value))

    def _nothing(self, key: Key, path: KeyPath, name: str) -> Any:
        """A placeholder for a missing or wrong value, so that reading continues."""
        if key.kind == "table":
            return Reader(self.document).table(key.nested, {}, (*path, name))
        return dict[str, Any]() if key.kind in ("mapping", "numbers") else _EMPTY.get(key.kind)

    def require_no_problems(self) -> None:
        """Raise NodeyardError with every problem and its line, if there is any."""
        if self.problems:
            count = "a problem" if len(self.problems) == 1 else f"{len(self.problems)} problems"
            raise NodeyardError(
                f"{self.document.file} has {count}:"
                + "".join(f"\n  line {line}: {sentence}" for line, sentence in sorted(set(self.problems))),
                "docs/service-files.md explains every key.",
            )


def unknown_name(what: str, name: str, known: Collection[str] | Iterable[str], *, always: bool = False) -> str:
    """ "Unknown key 'lable'. Did you mean 'label'?"; without a close match (or `always`) the known names."""
    known = list(known)
    import difflib  # imported only for a mistake

    near = difflib.get_close_matches(name, known, n=1)
    hint = f" Did you mean {near[0]!r}?" if near else ""
    if known and (always or not near):
        hint += f" Known: {', '.join(known)}." if not near else ""
    return f"unknown {what} {name!r}.{hint}"


def kind_of(value: Any) -> str:
    names = {"dict": "a mapping", "list": "a list", "str": "text", "NoneType": "nothing", "bool": "true or false"}
    return names.get(type(value).__name__, f"the number {value}")
