"""The imports between the rooms of `manage/`, counted from the source."""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path

Imports = Mapping[tuple[str, str], int]
"""(importing room, imported room) -> number of imports. A room is a folder or a module directly in `manage/`."""


def imports(manage: Path) -> Imports:
    counted: Counter[tuple[str, str]] = Counter()
    for file in sorted(manage.rglob("*.py")):
        room = _room(file, manage)
        for target in _imported(ast.parse(file.read_text(encoding="utf-8")), manage):
            if target != room:
                counted[room, target] += 1
    return counted


def table(manage: Path, counted: Imports) -> str:
    files = Counter(_room(file, manage) for file in manage.rglob("*.py"))
    files.pop("__init__", None)
    lines = ["| room | files | imports (how often) |", "|---|---|---|"]
    for room, count in sorted(files.items()):
        used = ", ".join(f"{target} {counted[room, target]}" for target in _targets(counted, room)) or "none of ours"
        lines.append(f"| `{room}` | {count} | {used} |")
    return "\n".join(lines) + "\n"


def picture(counted: Imports) -> str:
    """The arrows as a mermaid graph, without those that a longer way shows."""
    arrows = [(room, target) for room, target in sorted(counted) if not _detour(counted, room, target)]
    body = "\n".join(f"  {room} -->|{counted[room, target]}| {target}" for room, target in arrows)
    return f"```mermaid\nflowchart TD\n{body}\n```\n"


def _targets(counted: Imports, room: str) -> list[str]:
    return sorted(target for importing, target in counted if importing == room)


def _detour(counted: Imports, room: str, target: str) -> bool:
    """Whether another way leads from `room` to `target`."""
    seen, waiting = {room}, [step for step in _targets(counted, room) if step != target]
    while waiting:
        step = waiting.pop()
        if step == target:
            return True
        if step not in seen:
            seen.add(step)
            waiting += _targets(counted, step)
    return False


def _room(file: Path, manage: Path) -> str:
    return file.relative_to(manage).parts[0].removesuffix(".py")


def _imported(tree: ast.Module, manage: Path) -> Iterator[str]:
    """The room of each import of `manage`; `from manage import x` counts when x is a room."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names = [node.module] if "." in node.module else [f"{node.module}.{alias.name}" for alias in node.names]
        else:
            continue
        for name in names:
            parts = name.split(".")
            if parts[0] == "manage" and len(parts) > 1 and _exists(manage, parts[1]):
                yield parts[1]


def _exists(manage: Path, room: str) -> bool:
    return (manage / room).is_dir() or (manage / f"{room}.py").is_file()
