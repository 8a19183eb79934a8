"""The table "may import" of docs/architecture.md is the truth: no room imports what its row does not name."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

from manage.catalog import load_catalog
from manage.installation.layout import CHECKOUT

ROW = re.compile(r"^\| (?P<rooms>`[^|]+) \| [^|]+ \| (?P<may>[^|]+) \|$", re.MULTILINE)
GROUND = ("errors", "words", "events", "commands", "bounded_yaml", "untrusted", "immutable")


def allowed() -> Mapping[str, frozenset[str]]:
    """Room -> the rooms that its row in docs/architecture.md names."""
    text = (CHECKOUT / "docs/architecture.md").read_text(encoding="utf-8").partition("## Imports between")[0]
    rows: dict[str, frozenset[str]] = {}
    for row in ROW.finditer(text):
        for room in re.findall(r"`([a-z_]+)`", row["rooms"]):
            rows[room] = frozenset(re.split(r",\s*", row["may"].strip()))
    return rows


def imported(folder: Path) -> Iterator[tuple[str, str, str]]:
    """(room, imported room, file) of every import below `manage/`."""
    for path in sorted(folder.rglob("*.py")):
        room = path.relative_to(folder).with_suffix("").parts[0]
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            for name in _names(node):
                other = name.removeprefix("manage.").partition(".")[0]
                if other != room:
                    yield room, other, str(path.relative_to(folder.parent))


def _names(node: ast.AST) -> list[str]:
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names if alias.name.startswith("manage.")]
    if isinstance(node, ast.ImportFrom) and node.module == "manage":
        return [f"manage.{alias.name}" for alias in node.names if not alias.name.startswith("__")]
    if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("manage."):
        return [node.module or ""]
    return []


def undeclared(folder: Path, rows: Mapping[str, frozenset[str]]) -> list[str]:
    return [
        f"{file} imports manage.{other}, which the row of {room} in docs/architecture.md does not name"
        for room, other, file in imported(folder)
        if room in rows and "everything" not in rows[room] and other not in rows[room]
    ]


@pytest.mark.promise("No room imports what the table in docs/architecture.md does not name", runs="ci")
def test_no_room_imports_what_the_table_of_the_architecture_does_not_name() -> None:
    assert undeclared(CHECKOUT / "manage", allowed()) == []


def test_every_room_has_a_row() -> None:
    rooms = {path.name for path in (CHECKOUT / "manage").iterdir() if (path / "__init__.py").is_file()}
    assert rooms | set(GROUND) == set(allowed())


@pytest.mark.promise("The imports between rooms form no circle", runs="ci")
def test_the_imports_between_rooms_form_no_circle() -> None:
    arrows: dict[str, set[str]] = {}
    for room, other, _file in imported(CHECKOUT / "manage"):
        arrows.setdefault(room, set()).add(other)
    TopologicalSorter(arrows).prepare()  # raises CycleError, which names the rooms


def test_no_two_rooms_may_import_each_other() -> None:
    rows = allowed()
    assert [(a, b) for a in rows for b in rows[a] if a in rows.get(b, ())] == []


def test_an_import_that_the_table_does_not_name_is_found(tmp_path: Path) -> None:
    (tmp_path / "manage/catalog").mkdir(parents=True)
    (tmp_path / "manage/catalog/deep.py").write_text("def late() -> None:\n    from manage.apply import up\n")
    assert undeclared(tmp_path / "manage", allowed()) == [
        "manage/catalog/deep.py imports manage.apply, which the row of catalog in docs/architecture.md does not name"
    ]


@pytest.mark.parametrize("room", GROUND)
def test_the_ground_imports_nothing_of_ours(room: str) -> None:
    assert allowed()[room] == {"nothing of ours"}


def service_names_in(folder: Path, names: frozenset[str]) -> list[str]:
    """`file: name` of every text in the code of `folder` that is the name of a service."""
    return [
        f"{path.relative_to(folder)}: {node.value}"
        for path in sorted(folder.rglob("*.py"))
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value in names
    ]


@pytest.mark.promise("No code outside the health drivers and `manage sandbox` names a service of the stack", runs="ci")
def test_no_room_names_a_service_of_the_stack() -> None:
    services = load_catalog().services("sandbox").values()
    names = frozenset(service.name for service in services if service.group != "manager")
    found = service_names_in(CHECKOUT / "manage", names)
    assert [place for place in found if not place.startswith(("health/probes/", "cli/sandbox.py"))] == []


def test_a_service_that_code_names_is_found(tmp_path: Path) -> None:
    (tmp_path / "wiring.py").write_text('"""bitcoind"""\nHOST = "bitcoind"  # kaspad\n')
    assert service_names_in(tmp_path, frozenset({"bitcoind", "kaspad"})) == ["wiring.py: bitcoind"] * 2
