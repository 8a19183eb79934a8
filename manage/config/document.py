"""stack.yml as a tree with line numbers: each value by its dotted path, and every structural problem."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Any

import yaml

from manage.bounded_yaml import require_bounded
from manage.config.model import Problem
from manage.immutable import dataclass

OF_SERVICES = ("services.", "storage.chain_dirs.")
"""Sections with a key for each service."""


@dataclass(frozen=True)
class Leaf:
    """One value as written in the file."""

    value: Any
    line: int
    """Counted from 1."""


@dataclass(frozen=True)
class Document:
    """A parsed `stack.yml`: its values by path, with their lines, and its problems."""

    leaves: dict[str, Leaf]
    sections: dict[str, int]
    """Dotted path of every section (a mapping) -> its line."""
    problems: tuple[Problem, ...]


def node_graph(text: str) -> yaml.Node | None:
    """The node graph of `text`. Raises YAMLError."""
    require_bounded(text)
    return yaml.compose(text, yaml.CSafeLoader)


def root(text: str, file: str) -> yaml.MappingNode | Problem:
    """The node graph of `text`, or why it has none."""
    try:
        node = node_graph(text)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        return Problem(file, line, "", f"this is not valid YAML: {error.problem}")
    except yaml.YAMLError as error:
        return Problem(file, 1, "", f"this is not valid YAML: {error}")
    if isinstance(node, yaml.MappingNode):
        return node
    found = "the file is empty" if node is None else "the file has no keys"
    return Problem(file, 1, "", f"{found}; it must begin with version: 1")


def top_level(node: yaml.MappingNode, key: str) -> str:
    """The text of `key` at the top level, "" without one."""
    found = [value.value for name, value in node.value if name.value == key and isinstance(value, yaml.ScalarNode)]
    return found[0] if found else ""


def read(node: yaml.MappingNode, file: str, known: Collection[str]) -> Document:
    """The file split into leaves and sections. `known` are the dotted paths of all possible leaves."""
    reader = _TreeReader(file, frozenset(known))
    problems = tuple(reader.read(node, ""))
    return Document(reader.leaves, reader.sections, problems)


class _TreeReader:
    def __init__(self, file: str, known: frozenset[str]) -> None:
        self.file = file
        self.known = known
        self.branches = {
            ".".join(parts[:depth]) for parts in (path.split(".") for path in known) for depth in range(1, len(parts))
        }
        self.leaves: dict[str, Leaf] = {}
        self.sections: dict[str, int] = {}
        self._constructor = yaml.SafeLoader("")

    def read(self, node: yaml.MappingNode, prefix: str) -> Iterator[Problem]:
        for key_node, value_node in node.value:
            path = f"{prefix}{key_node.value}"
            line = key_node.start_mark.line + 1
            if path in self.leaves or path in self.sections:
                yield Problem(self.file, line, path, "this key is given twice")
            elif path in self.known:
                self.leaves[path] = Leaf(self._value(value_node), value_node.start_mark.line + 1)
            elif path not in self.branches:
                yield self._unknown(path, prefix, line)
            elif isinstance(value_node, yaml.MappingNode):
                self.sections[path] = line
                yield from self.read(value_node, f"{path}.")
            elif value_node.value in ("", "~", "null"):  # `services:` with nothing below it
                self.sections[path] = line
            else:
                yield Problem(self.file, line, path, "this is a section: write its keys below it, indented")

    def _value(self, node: yaml.Node) -> Any:
        try:
            value = self._constructor.construct_object(node, deep=True)
            return str(node.value)[:40] if isinstance(value, int) and abs(value) >> 64 else value
        except (yaml.YAMLError, ValueError):
            return None  # a value without a plain type fits no key and is reported

    def _unknown(self, path: str, prefix: str, line: int) -> Problem:
        siblings = {known.removeprefix(prefix).split(".")[0] for known in self.known if known.startswith(prefix)}
        import difflib  # imported only for a mistake

        close = difflib.get_close_matches(path.removeprefix(prefix), sorted(siblings), n=1)
        what = "no service has this name" if prefix in OF_SERVICES else "unknown key"
        hint = f"did you mean {close[0]}?" if close else f"to remove it: manage config unset {path}"
        return Problem(self.file, line, path, what, hint)
