from __future__ import annotations

import json
import stat
from pathlib import Path

import pytest

from manage.errors import NodeyardError
from manage.installation import documents, folders, identity
from manage.installation.layout import Layout
from tests.stage.owners import Paper


def test_a_new_installation_has_an_id_and_a_project_of_its_own(tmp_path: Path) -> None:
    made = identity.create(Layout(tmp_path / "nodeyard", Paper().owners()))
    assert len(made.id) == 8
    assert int(made.id, 16) >= 0
    assert made.project == f"nodeyard-{made.id}"
    assert made.manager_project == f"nodeyard-{made.id}-manager"


def test_an_identity_that_is_there_stays(tmp_path: Path) -> None:
    layout = Layout(tmp_path, Paper().owners())
    first = identity.create(layout, project="mine")
    assert identity.create(layout) == first
    assert identity.read(layout) == first


def test_every_folder_is_given_its_mode_and_owner(tmp_path: Path) -> None:
    paper = Paper()
    layout = Layout(tmp_path, paper.owners())
    identity.create(layout)
    for path, mode, uid, gid in folders.expected(layout):
        assert (stat.S_IMODE(path.stat().st_mode), paper.uid(path), paper.gid(path)) == (mode, uid, gid), path


@pytest.mark.root
def test_every_folder_has_its_mode_and_owner(tmp_path: Path) -> None:
    layout = Layout(tmp_path)
    identity.create(layout)
    for path, mode, uid, gid in folders.expected(layout):
        found = path.stat()
        assert (stat.S_IMODE(found.st_mode), found.st_uid, found.st_gid) == (mode, uid, gid), path


def test_the_values_of_secrets_are_closed_to_everyone_else(tmp_path: Path) -> None:
    layout = Layout(tmp_path, Paper().owners())
    identity.create(layout)
    closed = {layout.secrets_dir, layout.secret_copies_dir, layout.agent_dir}
    assert all(stat.S_IMODE(path.stat().st_mode) == 0o700 for path in closed)


@pytest.mark.promise("Every state file has `version: 1`, and an older `manage` refuses newer state", runs="ci")
def test_state_of_a_newer_manage_is_refused(tmp_path: Path) -> None:
    layout = Layout(tmp_path, Paper().owners())
    identity.create(layout)
    layout.installation_file.write_text(json.dumps({"version": 4, "id": "x", "project": "y"}))
    with pytest.raises(NodeyardError, match="written by a newer manage"):
        identity.read(layout)


def test_a_folder_without_installation_is_said_to_have_none(tmp_path: Path) -> None:
    with pytest.raises(NodeyardError, match="There is no installation in"):
        identity.read(Layout(tmp_path))


def test_a_folder_that_cannot_be_made_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(NodeyardError, match="cannot be created"):
        identity.create(Layout(tmp_path / "file" / "nodeyard"))


def test_files_of_state_are_replaced_whole(tmp_path: Path) -> None:
    from manage.installation import documents

    path = tmp_path / "a.json"
    documents.write(path, {"n": 1})
    before = path.stat().st_ino
    documents.write(path, {"n": 2}, mode=0o600)
    assert documents.read(path) == {"version": 1, "n": 2}
    assert path.stat().st_ino != before
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [entry.name for entry in tmp_path.iterdir()] == ["a.json"]


@pytest.mark.parametrize("text", ["{", "[]", '{"version": "1"}', "{}"])
def test_a_broken_file_of_state_is_a_sentence_with_its_path(tmp_path: Path, text: str) -> None:
    from manage.installation import documents

    path = tmp_path / "broken.json"
    path.write_text(text)
    with pytest.raises(NodeyardError, match=r"broken\.json"):
        documents.read(path)


@pytest.mark.promise("An older checkout refuses an installation that a newer one has taken over", runs="ci")
@pytest.mark.parametrize("version", [1, 2])
def test_a_folder_of_the_layout_before_is_read_and_taken_over(tmp_path: Path, version: int) -> None:
    layout = Layout(tmp_path, Paper().owners())
    made = identity.create(layout)
    before = json.loads(layout.installation_file.read_text()) | {"version": version}
    layout.installation_file.write_text(json.dumps(before))
    assert identity.read(layout) == made
    identity.record_layout_version(layout)
    assert json.loads(layout.installation_file.read_text()) == before | {"version": 3}
    with pytest.raises(NodeyardError, match=rf"written by a newer manage \(version 3, this one knows {version}\)"):
        documents.read(layout.installation_file, known=version)
