from __future__ import annotations

from pathlib import Path

import pytest

from manage.host import commands


@pytest.fixture
def target(tmp_path: Path) -> Path:
    path = tmp_path / "checkout" / ".venv" / "bin" / "manage"
    path.parent.mkdir(parents=True)
    path.write_text("")
    return path


def test_a_free_name_becomes_a_link_and_a_second_time_changes_nothing(tmp_path: Path, target: Path) -> None:
    name = tmp_path / "bin" / "manage"

    assert commands.link(name, target)
    assert commands.link(name, target)
    assert name.readlink() == target


def test_somebody_elses_file_stays(tmp_path: Path, target: Path) -> None:
    name = tmp_path / "manage"
    name.write_text("another program")

    assert not commands.link(name, target)
    assert not commands.unlink(name, tmp_path / "checkout")
    assert name.read_text() == "another program"


def test_a_link_that_leads_nowhere_is_a_free_name(tmp_path: Path, target: Path) -> None:
    name = tmp_path / "manage"
    name.symlink_to(tmp_path / "gone")

    assert commands.link(name, target)
    assert name.readlink() == target


def test_only_links_into_this_checkout_are_removed(tmp_path: Path, target: Path) -> None:
    ours, theirs = tmp_path / "ours", tmp_path / "theirs"
    ours.symlink_to(target)
    theirs.symlink_to(tmp_path / "checkout-of-another")

    assert commands.unlink(ours, tmp_path / "checkout")
    assert not commands.unlink(theirs, tmp_path / "checkout")
    assert theirs.is_symlink()


def test_the_launcher_runs_the_environments_python_and_finds_the_checkout(tmp_path: Path) -> None:
    (tmp_path / ".venv" / "bin").mkdir(parents=True)
    site = tmp_path / "site"
    site.mkdir()
    command = commands.write_launcher(tmp_path, site)

    assert command.read_text().splitlines()[:2] == [
        f"#!{tmp_path}/.venv/bin/python -Xutf8",
        "import manage.cli.__main__",
    ]
    assert command.stat().st_mode & 0o777 == 0o755
    assert (site / "nodeyard.pth").read_text().split() == [str(tmp_path), str(tmp_path / "services")]


def test_a_suggested_command_has_the_path_of_the_launcher_if_manage_is_another_program(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mine, other = tmp_path / "mine", tmp_path / "other"
    for checkout in (mine, other):
        launcher = checkout / ".venv/bin/manage"
        launcher.parent.mkdir(parents=True)
        launcher.write_text("#!/bin/sh\n")
        launcher.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    (tmp_path / "manage").symlink_to(other / ".venv/bin/manage")
    assert commands.called(other) == "manage"
    assert commands.called(mine) == str(mine / ".venv/bin/manage")
