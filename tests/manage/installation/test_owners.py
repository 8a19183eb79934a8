"""Who may give files away is decided once, from the user that runs the process."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from manage.cli.options import require_root
from manage.errors import NodeyardError
from manage.installation import identity, owners
from manage.installation.layout import Layout
from tests.stage.owners import Paper


@pytest.mark.parametrize(("uid", "root"), [(0, True), (1000, False)])
def test_only_root_gives_files_away(monkeypatch: pytest.MonkeyPatch, uid: int, root: bool) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: uid)
    assert owners.of_this_process().root is root


def test_a_verb_that_needs_root_refuses_everybody_else(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    with pytest.raises(NodeyardError, match="Starting the stack needs root") as refused:
        require_root("Starting the stack")
    assert refused.value.hint == "Run it again with sudo."
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    require_root("Starting the stack")


def test_a_right_that_is_missing_is_a_sentence_and_never_ignored(tmp_path: Path) -> None:
    def refuse(target: Path | int, uid: int, gid: int) -> None:
        raise PermissionError(1, "Operation not permitted", str(target))

    layout = Layout(tmp_path / "nodeyard", owners.Owners(refuse))
    with pytest.raises(NodeyardError, match="cannot be created: Operation not permitted") as refused:
        identity.create(layout)
    assert "Run it as root" in refused.value.hint


def test_two_layouts_of_one_folder_are_equal_whoever_owns_its_files(tmp_path: Path) -> None:
    assert Layout(tmp_path) == Layout(tmp_path, Paper().owners())


def test_an_owner_on_paper_follows_its_file_through_a_rename(tmp_path: Path) -> None:
    paper = Paper()
    before, after = tmp_path / "before", tmp_path / "after"
    before.write_text("")
    assert paper.uid(before) == 0
    paper.give(before, 70014, -1)
    before.rename(after)
    assert (paper.uid(after), paper.gid(after)) == (70014, 0)
