"""Sets or removes one value in the text of a YAML file and keeps every other line, comment and blank."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import yaml


def with_value(text: str, path: Sequence[str], value: Any) -> str:
    """`text` with `value` at `path`. Missing sections are added after the existing ones. The root is a mapping."""
    # The Python loader, not the C one: its marks count characters, as slices do.
    node = yaml.compose(text, yaml.SafeLoader)
    if not isinstance(node, yaml.MappingNode):
        return f"{text.rstrip()}\n{_lines(path, value, 0)}".lstrip()
    key: yaml.Node = node
    for depth, name in enumerate(path):
        found = next((pair for pair in node.value if pair[0].value == name), None)
        if found is None:
            return _add(text, node, path[depth:], value)
        key, child = found
        if depth == len(path) - 1:
            return _replace(text, child, flow_yaml(value))
        if not isinstance(child, yaml.MappingNode):  # a section without keys
            return _below(text, key, path[depth + 1 :], value)
        node = child
    raise ValueError("the path is empty")


def without(text: str, path: Sequence[str]) -> str | None:
    """`text` without the value or section at `path`; None if there is none."""
    node = yaml.compose(text, yaml.SafeLoader)
    for name in path[:-1]:
        node = dict(_pairs(node)).get(name, (None, None))[1]
    key, child = dict(_pairs(node)).get(path[-1], (None, None))
    if not isinstance(node, yaml.MappingNode) or key is None or child is None:
        return None
    if node.flow_style:
        plain = yaml.SafeLoader("").construct_document(node)
        return _replace(text, node, flow_yaml({name: value for name, value in plain.items() if str(name) != path[-1]}))
    return _without_lines(text, key.start_mark.index, max(key.end_mark.index, _end(child)))


def _pairs(node: yaml.Node | None) -> list[tuple[str, tuple[yaml.Node, yaml.Node]]]:
    """(key, its node and that of its value) of each entry of a mapping; none of anything else."""
    return [(pair[0].value, pair) for pair in node.value] if isinstance(node, yaml.MappingNode) else []


def _without_lines(text: str, start: int, end: int) -> str:
    """`text` without the lines from that of `start` to that of `end`."""
    after = end if text[end - 1] == "\n" else text.find("\n", end) + 1 or len(text)
    return text[: text.rfind("\n", 0, start) + 1] + text[after:]


def _add(text: str, mapping: yaml.MappingNode, path: Sequence[str], value: Any) -> str:
    if mapping.flow_style and mapping.start_mark.index > 0:
        plain = yaml.SafeLoader("").construct_document(mapping)
        for name in reversed(path):
            value = {name: value}
        return _replace(text, mapping, flow_yaml(plain | value))
    end = text.find("\n", _end(mapping))
    before = text if end < 0 else text[:end]
    after = "" if end < 0 else text[end + 1 :]
    return f"{before.rstrip()}\n{_lines(path, value, mapping.start_mark.column)}{after}"


def _below(text: str, key: yaml.Node, path: Sequence[str], value: Any) -> str:
    end = text.find("\n", key.end_mark.index)
    before, after = (text, "") if end < 0 else (text[:end], text[end + 1 :])
    return f"{before}\n{_lines(path, value, key.start_mark.column + 2)}{after}"


def _replace(text: str, node: yaml.Node, new: str) -> str:
    start, end = node.start_mark.index, _end(node)
    space = " " if start == end else ""  # `key:` without a value
    return f"{text[:start]}{space}{new}{text[end:]}"


def _end(node: yaml.Node) -> int:
    """Where the text of `node` ends. The end mark of a block would include the comments after it."""
    if isinstance(node, yaml.CollectionNode) and not node.flow_style and node.value:
        last = node.value[-1]
        return _end(last[1] if isinstance(last, tuple) else last)
    return int(node.end_mark.index)


def _lines(path: Sequence[str], value: Any, indent: int) -> str:
    lines = [f"{' ' * (indent + 2 * depth)}{name}:" for depth, name in enumerate(path)]
    return "\n".join(lines) + f" {flow_yaml(value)}\n"


def flow_yaml(value: Any) -> str:
    """`value` as YAML on one line."""
    text = yaml.safe_dump(value, default_flow_style=True, width=10**6, allow_unicode=True, sort_keys=False)
    return str(text).removesuffix("...\n").strip()
