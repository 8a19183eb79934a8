"""The data of an installation whose services had other user ids moves once, whole, and nothing else does."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from manage.apply import moved_ids, refusals
from manage.catalog import load_catalog
from manage.errors import NodeyardError
from manage.host import tree_owner
from manage.installation import documents, folders, identity, ids
from manage.installation.layout import Layout
from tests.stage.owners import Paper

BEFORE, NOW = 10010, 70010


def test_every_shipped_service_has_an_id_that_no_person_has() -> None:
    services = load_catalog().services("mainnet").values()
    assert {service.uid for service in services if service.name != "agent"} <= set(ids.SHIPPED)
    named = {service.name: service.uid for service in services}
    assert (named["watch"], named["dashboard"]) == (ids.WATCH_UID, ids.DASHBOARD_UID)


def test_only_ids_of_shipped_services_have_an_earlier_one() -> None:
    assert ids.earlier(NOW) == BEFORE
    assert [number for number in (0, 70009, 70023, 70100, 10010) if ids.earlier(number) is not None] == []


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A data folder of the earlier id, with a link to a file of somebody else."""
    folder, other = tmp_path / "data", tmp_path / "shadow"
    (folder / "base" / "1").mkdir(parents=True)
    (folder / "base" / "1" / "table").write_text("rows")
    (folder / "roots").write_text("put there by hand")
    other.write_text("root's")
    (folder / "link").symlink_to(other)
    for path in (folder, folder / "base", folder / "base/1", folder / "base/1/table", folder / "link"):
        os.chown(path, BEFORE, BEFORE, follow_symlinks=False)
    (folder / "base").chmod(0o700)
    return folder


def owners(folder: Path) -> dict[str, tuple[int, int]]:
    return {
        str(path.relative_to(folder)): (path.lstat().st_uid, path.lstat().st_gid)
        for path in (folder, *folder.rglob("*"))
    }


MOVED = {
    ".": (NOW, NOW),
    "base": (NOW, NOW),
    "base/1": (NOW, NOW),
    "base/1/table": (NOW, NOW),
    "link": (NOW, NOW),
    "roots": (0, 0),
}


@pytest.mark.root
def test_a_tree_moves_whole_and_no_link_is_followed(data: Path) -> None:
    tree_owner.change(data, BEFORE, NOW)
    assert owners(data) == MOVED
    assert (data.parent / "shadow").stat().st_uid == 0
    assert (data / "base").stat().st_mode & 0o777 == 0o700


@pytest.mark.root
@pytest.mark.promise("A kill while data moves to other user ids is repaired by the next `up`", runs="ci")
def test_a_killed_move_keeps_its_mark_and_goes_on(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    chown, calls = os.chown, []

    def killed(*arguments: Any, **options: Any) -> None:
        calls.append(arguments)
        if len(calls) == 3:
            raise KeyboardInterrupt
        chown(*arguments, **options)

    monkeypatch.setattr(os, "chown", killed)
    with pytest.raises(KeyboardInterrupt):
        tree_owner.change(data, BEFORE, NOW)
    assert tree_owner.owner(data) == BEFORE, "the folder itself says that the move did not end"
    monkeypatch.setattr(os, "chown", chown)
    tree_owner.change(data, BEFORE, NOW)
    assert owners(data) == MOVED


def moved(data: Path, layout: Layout, uid: int) -> list[str]:
    """What happened when a service of `uid` was prepared whose volume is at `data`."""
    happened: list[str] = []
    volume = SimpleNamespace(name="volume", service="timescaledb")
    api = SimpleNamespace(volumes=lambda: {"Volumes": [{"Name": "volume", "Mountpoint": str(data)}]})
    spec = SimpleNamespace(name="timescaledb", compose={"user": f"{uid}:{uid}"})
    moved_ids.move(
        api,
        layout,
        SimpleNamespace(volumes=[volume]),  # type: ignore[arg-type]
        spec,  # type: ignore[arg-type]
        stop=lambda: happened.append("stop"),
        progress=lambda event: happened.append(event.text),
    )
    return happened


@pytest.mark.root
def test_the_container_stops_before_its_data_moves(data: Path, tmp_path: Path) -> None:
    layout = Layout(tmp_path / "nodeyard")
    assert moved(data, layout, NOW) == ["The data of timescaledb moves from user id 10010 to 70010.", "stop"]
    assert owners(data) == MOVED
    assert moved(data, layout, NOW) == [], "once"


@pytest.mark.root
def test_data_of_any_other_owner_stays(data: Path, tmp_path: Path) -> None:
    assert moved(data, Layout(tmp_path / "nodeyard"), 70101) == []
    assert moved(tmp_path / "invisible", Layout(tmp_path / "nodeyard"), NOW) == []
    assert tree_owner.owner(data) == BEFORE


def test_a_folder_whose_content_has_yet_to_move_keeps_its_owner(tmp_path: Path) -> None:
    paper = Paper()
    layout = Layout(tmp_path / "nodeyard", paper.owners())
    identity.create(layout)
    paper.give(layout.watch_dir, 10021, 10021)
    folders.make(layout)
    assert paper.uid(layout.watch_dir) == 10021


@pytest.mark.promise("Until an installation has moved, only a whole `up` on the host may change it", runs="ci")
def test_until_all_has_moved_a_part_of_the_stack_cannot_be_changed(tmp_path: Path) -> None:
    layout = replace(Layout(tmp_path), owners=Paper().owners())
    identity.create(layout)
    refusals.require_moved_ids(layout)
    document = documents.read(layout.installation_file, known=identity.LAYOUT_VERSION)
    documents.write(layout.installation_file, {**document, "version": 2})
    with pytest.raises(NodeyardError, match="have moved"):
        refusals.require_moved_ids(layout)
