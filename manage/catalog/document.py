"""A YAML file of the catalog as plain values, with the line of every key."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import yaml

from manage import untrusted
from manage.bounded_yaml import MAX_DEPTH, require_bounded
from manage.errors import NodeyardError
from manage.immutable import dataclass

KeyPath = tuple[str | int, ...]
MAX_BYTES = 1 << 20
MAX_NODES = 20_000
"""Limits of a file; nodes are counted with aliases expanded. A service file has some hundred."""


@dataclass(frozen=True)
class Document:
    """A parsed YAML file and the line of each key."""

    file: str
    """The file as messages name it."""
    value: Any
    lines: Mapping[KeyPath, int]
    """Line, counted from 1, of each key and list entry by its path."""

    def line(self, path: KeyPath) -> int:
        """The line of `path`, or of its nearest parent that the file has."""
        while path and path not in self.lines:
            path = path[:-1]
        return self.lines.get(path, 1)

    def with_value(self, value: Any) -> Document:
        return replace(self, value=value)


def read(path: Path, file: str, *, ours: bool = False) -> Document:
    """The document in `path`. Raises NodeyardError if it cannot be read, is not YAML or exceeds the bounds.

    A file of `ours` comes from the checkout; only its values are checked for bounds.
    """
    try:
        text = untrusted.content(path, most=MAX_BYTES, links=True)
    except untrusted.Refused as error:
        raise NodeyardError(f"{file} cannot be read: {error.strerror}.", "Replace it with a service file.") from error
    except OSError as error:
        raise NodeyardError(f"{file} cannot be read: {error.strerror}.") from error
    return parse(text, file, ours=ours)


def parse(text: bytes, file: str, *, ours: bool = False) -> Document:
    """The document in `text`; see `read`."""
    if len(text) > MAX_BYTES:
        raise NodeyardError(f"{file} is larger than {MAX_BYTES >> 20} MiB.")
    loader = yaml.CSafeLoader(b"")
    try:
        if not ours:
            require_bounded(text)
        loader.dispose()
        loader = yaml.CSafeLoader(text)
        node = loader.get_single_node()
        reader = _ValueReader(loader, file)
        return Document(file, reader.value(node, ()) if node is not None else None, reader.lines)
    except yaml.MarkedYAMLError as error:
        line = f":{error.problem_mark.line + 1}" if error.problem_mark else ""
        raise NodeyardError(f"{file}{line} is not valid YAML: {error.problem}.") from error
    except (yaml.YAMLError, ValueError) as error:
        raise NodeyardError(f"{file} is not valid YAML: {error}.") from error
    except RecursionError as error:
        raise NodeyardError(f"{file} is nested too deeply.") from error
    finally:
        loader.dispose()


class _ValueReader:
    def __init__(self, loader: yaml.CSafeLoader, file: str) -> None:
        self._loader = loader
        self._file = file
        self._nodes = 0
        self.lines: dict[KeyPath, int] = {}

    def value(self, node: yaml.Node, path: KeyPath) -> Any:
        self._nodes += 1
        if self._nodes > MAX_NODES or len(path) > MAX_DEPTH:
            raise NodeyardError(
                f"{self._file}:{node.start_mark.line + 1}: the document is too large or nested too deeply."
            )
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node, path)
        if isinstance(node, yaml.SequenceNode):
            entries = []
            for number, child in enumerate(node.value):
                self.lines[(*path, number)] = child.start_mark.line + 1
                entries.append(self.value(child, (*path, number)))
            return entries
        return self._loader.construct_object(node)

    def _mapping(self, node: yaml.MappingNode, path: KeyPath) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for key_node, child in node.value:
            line = key_node.start_mark.line + 1
            if not isinstance(key_node, yaml.ScalarNode):
                raise NodeyardError(f"{self._file}:{line}: a key must be plain text.")
            name = str(key_node.value)
            if name in found:
                raise NodeyardError(f"{self._file}:{line}: the key {name!r} is given twice.")
            self.lines[(*path, name)] = line
            found[name] = self.value(child, (*path, name))
        return found
